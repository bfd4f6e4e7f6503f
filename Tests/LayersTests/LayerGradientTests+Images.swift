import Graphs
import Layers
import Tensors
import TestSupport

// The rows of layers on images.
extension LayerGradientTests {
  static let imageRows: [Row] = [
    Row(testDescription: "convolution 3×3", shape: [2, 3, 4, 2]) { try convolution($0, outputChannels: 3, in: $1) },
    Row(testDescription: "convolution 1×1 without bias", shape: [2, 3, 4, 2]) {
      try convolution($0, outputChannels: 3, kernel: 1, bias: .none, in: $1)
    },
    Row(testDescription: "convolution 5×5, stride 2", shape: [1, 5, 6, 2]) {
      try convolution($0, outputChannels: 2, kernel: 5, stride: 2, in: $1)
    },
    Row(testDescription: "non-local attention", shape: [2, 2, 4, 4]) { try nonLocalAttention($0, in: $1) },
    Row(testDescription: "generator block", shape: [2, 2, 2, 2]) {
      // Without biases that are constants: numbers change all parameters.
      try generatorBlock($0, outputChannels: 3, norm: .layer, in: $1)
    },
    Row(testDescription: "first discriminator block", shape: [2, 2, 4, 1]) {
      try discriminatorBlock($0, outputChannels: 2, isFirst: true, pools: true, in: $1)
    },
    Row(testDescription: "discriminator block", shape: [2, 2, 2, 2]) {
      try discriminatorBlock($0, outputChannels: 2, isFirst: false, pools: false, in: $1)
    },
  ]
}
