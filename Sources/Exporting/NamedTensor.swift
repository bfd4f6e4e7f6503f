import Checkpoints
import Files
import NumPyFiles
import Tensors

/// Numbers under a name, as files of weights hold them.
public struct NamedTensor: Equatable, Sendable {
  public var name: String
  public var shape: Shape
  public var numbers: [Float]

  /// - Precondition: as many numbers as the shape has elements.
  public init(name: String, shape: Shape, numbers: [Float]) {
    precondition(numbers.count == shape.count, "\(name): \(numbers.count) numbers for \(shape)")
    (self.name, self.shape, self.numbers) = (name, shape, numbers)
  }
}

extension [NamedTensor] {
  /// Writes a safetensors file, whole or not at all.
  public func writeSafetensors(to path: String, metadata: [String: String]) throws(CheckpointError) {
    try flatMap(\.numbers).withUnsafeBytes { bytes -> Result<Void, CheckpointError> in
      var end = 0
      let tensors = map { tensor in
        let start = end
        end += tensor.numbers.count * MemoryLayout<Float>.stride
        return StoredTensor(tensor.name, tensor.shape, .float32, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      }
      do throws(CheckpointError) {
        return .success(try SafetensorsFile.write(to: path, tensors: tensors, metadata: metadata))
      } catch {
        return .failure(error)
      }
    }.get()
  }

  /// Writes an npz file, whole or not at all; slashes in names become underscores.
  ///
  /// - Precondition: names that differ do so with underscores, too.
  public func writeNPZ(to path: String) throws(FileError) {
    try NPZ.write(
      to: path,
      arrays: map { tensor in
        NPZ.Entry(NamedTensor.npzName(of: tensor.name), tensor.shape.dimensions, .float32) { body throws(FileError) in
          try tensor.numbers.withUnsafeBytes { bytes -> Result<Void, FileError> in
            do throws(FileError) { return .success(try body(bytes)) } catch { return .failure(error) }
          }.get()
        }
      })
  }
}

extension NamedTensor {
  /// `generator/image/kernel` as `generator_image_kernel`.
  public static func npzName(of name: String) -> String { String(name.map { $0 == "/" ? "_" : $0 }) }

  /// The axes in another order, as NumPy's `transpose`.
  public func transposed(_ axes: [Int]) -> NamedTensor {
    let turned = FixedTensor(shape: shape.dimensions, numbers: numbers).transposed(axes)
    return NamedTensor(name: name, shape: Shape(turned.shape), numbers: turned.numbers)
  }
}
