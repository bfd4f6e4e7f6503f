import Graphs
import Layers
import Tensors
import TestSupport
import Testing

/// The values published with the formulas (8 digits), by the planned float32 program.
@Suite struct PublishedAttentionTests {
  static let tolerance = 1e-6

  enum Field { case scores, attention, output, regularizer }

  /// Case of the reference, field, row of the first sample, numbers.
  static let values: [(name: String, field: Field, row: Int, numbers: [Double])] = [
    ("additive/none", .scores, 0, [0.25415494, 0.36932454, 0.17413397, 0.30578969]),
    ("additive/none", .scores, 3, [0.11897625, 0.27914116, 0.02318281, 0.18923957]),
    ("multiplicative/none", .scores, 0, [0.335, 0.364, 0.401, 0.430]),
    ("multiplicative/none", .scores, 3, [0.190, 0.356, 0.154, 0.320]),
    ("additive/none", .attention, 0, [0.24401244, 0.27379750, 0.22524715, 0.25694291]),
    ("additive/none", .output, 0, [0.24951205, 0.23721589, 0.22491972]),
    ("additive/none", .regularizer, 0, [2.99926261]),
    ("additive/sigmoid", .attention, 0, [0.24865396, 0.25573942, 0.24378511, 0.25182151]),
    ("additive/sigmoid", .output, 0, [0.24987742, 0.24685304, 0.24382867]),
    ("additive/sigmoid", .regularizer, 0, [2.99995010]),
    ("additive/softmax", .attention, 0, [0.24846837, 0.25598033, 0.24384926, 0.25170204]),
    ("additive/softmax", .output, 0, [0.24987850, 0.24680555, 0.24373260]),
    ("additive/softmax", .regularizer, 0, [2.99995133]),
    ("multiplicative/none", .attention, 0, [0.23824782, 0.24525817, 0.25450269, 0.26199133]),
    ("multiplicative/none", .output, 0, [0.25402375, 0.25112396, 0.24822416]),
    ("multiplicative/none", .regularizer, 0, [2.99717518]),
    ("multiplicative/tanh", .attention, 0, [0.23973005, 0.24597739, 0.25399420, 0.26029835]),
    ("multiplicative/tanh", .regularizer, 0, [2.99765183]),
    ("additive/width3", .attention, 1, [0.32318088, 0.38032052, 0.29649860, 0]),
    ("additive/width3", .regularizer, 0, [2.04724349]),
    ("additive/width2", .attention, 1, [0.45938911, 0.54061089, 0, 0]),
    ("additive/width2", .attention, 0, [1, 0, 0, 0]),
    ("additive/width2", .regularizer, 0, [1.42081012]),
    ("additive/history3", .attention, 3, [0, 0.37199677, 0.28799031, 0.34001291]),
    ("additive/history", .attention, 2, [0.33125356, 0.35531764, 0.31342879, 0]),
    ("additive/history", .regularizer, 0, [2.50585801]),
    // A valid query still attends to the padded key: its row is the one without a mask.
    ("additive/mask1110", .attention, 0, [0.24401244, 0.27379750, 0.22524715, 0.25694291]),
    ("additive/mask1110", .attention, 3, [0.32442715, 0.38078157, 0.29479128, 0]),
    ("additive/mask1100", .attention, 2, [0.48247518, 0.51752482, 0, 0]),
    ("additive/mask1100", .regularizer, 0, [2.79131352]),
    ("weighted", .attention, 0, [0.24000532, 0.24000532, 0.25999466, 0.25999466]),
    ("weighted", .output, 0, [0.25399786, 0.25399786, 0.25399786]),
    ("scaled", .attention, 0, [0.26629264, 0.20774996, 0.29545570, 0.23050171]),
    ("scaled", .output, 0, [0.24901665, 0.27371598, 0.29841531]),
    ("scaled/history", .attention, 2, [0.34575027, 0.24311464, 0.41113509, 0]),
  ]

  @Test("published values are what the program computes", arguments: values.indices)
  func published(index: Int) throws {
    let (name, field, row, numbers) = Self.values[index]
    let built = try BuiltCase(#require(AttentionReference.shared.get().cases[name]))
    let value: Value
    switch field {
    case .scores: value = try #require(built.scores)
    case .attention: value = built.weights
    case .output: value = built.output
    case .regularizer: value = try #require(built.regularizer)
    }
    let found = try runProgram(built.graph, [value])[0].map(Double.init)
    let start = row * numbers.count
    expectEqual(Array(found[start..<start + numbers.count]), numbers, "\(name), \(field)", Self.tolerance)
    // What is hidden weighs exactly nothing.
    for (offset, number) in numbers.enumerated() where number == 0 { #expect(found[start + offset] == 0) }
  }
}
