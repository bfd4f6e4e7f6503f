import Graphs
import Tensors

/// A product with fixed weights, or a convolution, plus a fixed number per column, that is not in the ONNX graph yet.
///
/// What only scales columns or adds to them becomes part of it, exactly: a norm with standing statistics behind a
/// convolution, a bias, a gate; and of a conditional norm's gain and bias, tables of a scale and a shift per class remain.
struct LinearMap {
  enum Kind: Equatable {
    /// Of rows with a matrix.
    case product
    case convolution(ConvolutionSettings)
  }

  /// The node that goes in.
  var input: Int
  var kind: Kind
  /// `[in, out]` or `[kh, kw, in, out]`
  var weights: FixedTensor
  /// `[out]`; nil for zeros.
  var bias: [Float]?
  /// As the product or the convolution makes it.
  var madeExtents: [Extent]
  /// As it is handed on: the same elements.
  var extents: [Extent]

  var columns: Int { weights.columns }

  func scaled(by factors: [Float]) -> LinearMap {
    var result = self
    result.weights = weights.scaled(by: factors)
    result.bias = bias.map { zip($0, factors).map { $0 * $1 } }
    return result
  }

  func adding(_ numbers: [Float]) -> LinearMap {
    var result = self
    let sum = bias.map { zip($0, numbers).map { $0 + $1 } } ?? numbers
    result.bias = sum.allSatisfy { $0 == 0 } ? nil : sum
    return result
  }

  /// The sum of two products of the same rows; nil for others.
  func adding(_ other: LinearMap) -> LinearMap? {
    guard kind == .product, other.kind == .product, input == other.input, extents == other.extents,
      weights.shape == other.weights.shape
    else { return nil }
    var result = self
    result.weights.numbers = zip(weights.numbers, other.weights.numbers).map { $0 + $1 }
    return other.bias.map { result.adding($0) } ?? result
  }
}

extension Translator {
  /// Puts a linear map into the ONNX graph.
  ///
  /// - Parameter order: the wished one, where it costs nothing.
  func add(_ map: LinearMap, order: Order, in layer: String) -> Tensor {
    let made =
      switch map.kind {
      case .product: addProduct(map, in: layer)
      case .convolution(let settings): addConvolution(map, settings, in: layer)
      }
    if map.extents == map.madeExtents { return made }
    // One place per image: the axes can be in either order.
    let isPerImage = map.extents.count == 4 && map.extents[1] == .fixed(1) && map.extents[2] == .fixed(1)
    let turned = isPerImage && order == .channelsFirst
    let target = turned ? [0, 3, 1, 2].map { map.extents[$0] } : map.extents
    return Tensor(
      name: builder.add("Reshape", [made.name, reshapeTarget(target, in: layer)], in: layer), extents: map.extents,
      order: turned ? .channelsFirst : .channelsLast)
  }

  private func addProduct(_ map: LinearMap, in layer: String) -> Tensor {
    let rows = tensor(map.input)
    let weights = builder.add(map.weights, named: "\(layer)/weights")
    let bias = map.bias.map {
      builder.add(FixedTensor(shape: [$0.count], numbers: $0), named: "\(layer)/bias")
    }
    let name: String
    if map.madeExtents.count == 2 {
      name = builder.add("Gemm", [rows.name, weights] + (bias.map { [$0] } ?? []), in: layer)
    } else {
      let product = builder.add("MatMul", [rows.name, weights], in: layer)
      name = bias.map { builder.add("Add", [product, $0], in: layer) } ?? product
    }
    return Tensor(name: name, extents: map.madeExtents)
  }

  private func addConvolution(_ map: LinearMap, _ settings: ConvolutionSettings, in layer: String) -> Tensor {
    var images = tensor(map.input, order: .channelsFirst).name
    if settings.resampling == .upsampledInput { images = addUpsampling(images, in: layer) }
    let weights = builder.add(map.weights.transposed([3, 2, 0, 1]), named: "\(layer)/weights")
    let bias = map.bias.map {
      [builder.add(FixedTensor(shape: [$0.count], numbers: $0), named: "\(layer)/bias")]
    }
    let kernel = [map.weights.shape[0], map.weights.shape[1]]
    var name = builder.add(
      "Conv", [images, weights] + (bias ?? []),
      [
        "kernel_shape": .integers(kernel), "strides": .integers([settings.stride, settings.stride]),
        "pads": .integers(Array(repeating: settings.padding, count: 4)),
      ], in: layer)
    if settings.resampling == .pooledOutput { name = addAveragePool(name, in: layer) }
    return Tensor(name: name, extents: map.madeExtents, order: .channelsFirst)
  }

  func addUpsampling(_ images: String, in layer: String) -> String {
    let factors = builder.add(FixedTensor(shape: [4], numbers: [1, 1, 2, 2]), named: "\(layer)/factors")
    // Nothing is said of the second input, the region.
    return builder.add(
      "Resize", [images, "", factors],
      [
        "mode": .text("nearest"), "coordinate_transformation_mode": .text("asymmetric"), "nearest_mode": .text("floor"),
      ], in: layer)
  }

  /// The mean of each 2×2 pixels.
  func addAveragePool(_ images: String, in layer: String) -> String {
    builder.add(
      "AveragePool", [images], ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])], in: layer)
  }
}
