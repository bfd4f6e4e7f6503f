/// The extents of a convolution over a batch of channels-last images, with the resampling that is folded into it.
///
/// The convolution itself runs on a plane of `height × width`: behind the upsampling, before the pooling.
public struct ConvolutionGeometry: Hashable, Sendable {
  /// What happens around the convolution without a tensor of its own.
  public enum Resampling: String, Hashable, Sendable, CaseIterable {
    case none
    /// The input is stored at half the height and width and repeated 2×2 (nearest) on the way in.
    case upsampledInput
    /// Means over 2×2 of the output are what is stored.
    case pooledOutput
  }

  public let images: Int
  /// Of the plane that the convolution reads.
  public let height: Int
  public let width: Int
  public let inputChannels: Int
  public let outputChannels: Int
  public let kernelHeight: Int
  public let kernelWidth: Int
  public let stride: Int
  /// Rows and columns of zeros on every side.
  public let padding: Int
  public let resampling: Resampling

  /// - Precondition: the padded image is at least as large as the kernel; planes that are resampled are even, and
  ///   their convolution keeps their size.
  public init(
    images: Int, height: Int, width: Int, inputChannels: Int, outputChannels: Int, kernelHeight: Int,
    kernelWidth: Int, stride: Int = 1, padding: Int, resampling: Resampling = .none
  ) {
    self.images = images
    self.height = height
    self.width = width
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelHeight = kernelHeight
    self.kernelWidth = kernelWidth
    self.stride = stride
    self.padding = padding
    self.resampling = resampling
    precondition(
      height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
      "a \(kernelHeight)×\(kernelWidth) kernel on \(height)×\(width)")
    precondition(
      resampling == .none
        || (height % 2 == 0 && width % 2 == 0 && resultHeight == height && resultWidth == width),
      "\(resampling) around a convolution of \(height)×\(width)")
  }

  /// Rows of the convolution's result, before pooling.
  public var resultHeight: Int { (height + 2 * padding - kernelHeight) / stride + 1 }
  public var resultWidth: Int { (width + 2 * padding - kernelWidth) / stride + 1 }

  /// Extents of the stored input and output, `[images, height, width, channels]`.
  public var inputExtents: [Int] {
    let factor = resampling == .upsampledInput ? 2 : 1
    return [images, height / factor, width / factor, inputChannels]
  }
  public var outputExtents: [Int] {
    let factor = resampling == .pooledOutput ? 2 : 1
    return [images, resultHeight / factor, resultWidth / factor, outputChannels]
  }
  /// `[kernelHeight, kernelWidth, inputChannels, outputChannels]`
  public var weightExtents: [Int] { [kernelHeight, kernelWidth, inputChannels, outputChannels] }

  /// Floating-point operations of the plain convolution, a multiply-add counted as two.
  public var directOperations: Int {
    2 * images * resultHeight * resultWidth * kernelHeight * kernelWidth * inputChannels * outputChannels
  }
  /// Operations of the products in which `algorithm` computes it: Winograd's are fewer, and his transforms are not counted.
  public var performedOperations: Int {
    let tile: Int
    switch algorithm {
    case .unfolded: return directOperations
    case .winograd2: tile = 2
    case .winograd4: tile = 4
    }
    // Repeated and averaged pixels need one point fewer a side.
    let points = tile + (resampling == .none ? 2 : 1)
    let tiles = images * ((height + tile - 1) / tile) * ((width + tile - 1) / tile)
    return 2 * tiles * points * points * inputChannels * outputChannels
  }
}
