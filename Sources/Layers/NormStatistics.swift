import Graphs
import Tensors

/// Over which samples a batch norm takes mean and variance while a network trains.
public enum NormStatistics: String, Hashable, Sendable, CaseIterable {
  /// The whole batch: any number of ranks computes what one would.
  case global
  /// The samples of the ranks that share this one's machine.
  case node
  /// This rank's samples; nothing is communicated.
  case rank
}

/// Where batch norms get mean and variance from; chosen when a graph is built.
public enum NormMode {
  /// The batch under way.
  case training(NormStatistics)
  /// This rank's part of the batch under way, without communication, offered as `Scope.measurements`.
  case measuring(StandingStatistics)
  /// Fixed numbers: an image does not depend on the others of its batch.
  case standing(StandingStatistics)
}

/// What the batch norms of a network in a graph measured.
public final class NormMeasurements {
  /// Mean and variance of one norm, `[2, C]`, and its place.
  public fileprivate(set) var all: [(entry: ParameterTable.Entry, value: Value)] = []

  func add(_ entry: ParameterTable.Entry, _ value: Value) { all.append((entry, value)) }
}

/// The means and variances that a network's batch norms use for sampling, measured over many batches.
///
///     mean = Σ_b n_b·mean_b / n;   variance = Σ_b n_b·(variance_b + mean_b²) / n − mean²
///
/// A measuring program writes the statistics of one batch to `batch`; `accumulate` adds them in double precision, and
/// `finish` writes the result to `values`, which sampling programs read. Nothing in here is trained or averaged: it is
/// a function of the parameters and of the samples it was measured on.
public final class StandingStatistics {
  /// `<norm>/statistics` `[2, C]`: means, then variances.
  public let table: ParameterTable
  /// What one run of the measuring program found, laid out like `values`.
  public let batch: StateBlock
  /// Σ n·mean and Σ n·E[x²] laid out like `values`, then the number of samples.
  private var sums: [Double] = []

  public init(name: String) {
    table = ParameterTable(name: name, kind: "norm statistics")
    batch = StateBlock(name: "\(name) norm statistics of a batch")
  }

  /// The block that sampling programs read.
  public var values: StateBlock { table.values }

  /// True where the network has no batch norm.
  public var isEmpty: Bool { table.entries.isEmpty }

  /// The place of a norm's statistics, made at the first call.
  func entry(path: String, channels: Int) throws -> ParameterTable.Entry {
    try table.entry(path + "/statistics", shape: [2, channels], initializer: .zeros, layer: path)
  }

  /// The output of a measuring program: everything that the norms of `scope` measured, written to `batch`.
  ///
  /// - Precondition: called once, after the network was built in `.measuring` mode; it has batch norms.
  public func pack(_ measurements: NormMeasurements) throws -> Value {
    precondition(batch.count == 0, "\(batch.name) is written by one program only")
    _ = batch.reserve(values.count)
    return try Graphs.pack(measurements.all.map(\.value), at: measurements.all.map(\.entry.offset), of: batch)
  }

  /// Gives both blocks their memory; norms start with mean 0 and variance 1.
  public func allocate() {
    values.allocate()
    batch.allocate()
    for entry in table.entries {
      for index in 0..<entry.shape.last { values.values[entry.offset + entry.shape.last + index] = 1 }
    }
    sums = Array(repeating: 0, count: values.count + 1)
  }

  /// Forgets what was accumulated.
  public func restart() {
    for index in sums.indices { sums[index] = 0 }
  }

  /// Adds what the measuring program wrote to `batch`, as the statistics of `samples` samples.
  public func accumulate(samples: Int) {
    let weight = Double(samples)
    for entry in table.entries {
      let channels = entry.shape.last
      for index in entry.offset..<entry.offset + channels {
        let (mean, variance) = (Double(batch.values[index]), Double(batch.values[index + channels]))
        sums[index] += weight * mean
        sums[index + channels] += weight * (variance + mean * mean)
      }
    }
    sums[sums.count - 1] += weight
  }

  /// Writes means and variances of everything accumulated to `values`.
  ///
  /// - Parameter combine: sums the numbers over ranks; the same bits on all of them.
  /// - Precondition: samples were accumulated, on some rank at least.
  public func finish(combine: (UnsafeMutableBufferPointer<Double>) throws -> Void) rethrows {
    try sums.withUnsafeMutableBufferPointer { try combine($0) }
    let samples = sums[sums.count - 1]
    precondition(samples > 0, "\(values.name): nothing was measured")
    for entry in table.entries {
      let channels = entry.shape.last
      for index in entry.offset..<entry.offset + channels {
        let mean = sums[index] / samples
        values.values[index] = Float(mean)
        values.values[index + channels] = Float(max(0, sums[index + channels] / samples - mean * mean))
      }
    }
    restart()
  }
}
