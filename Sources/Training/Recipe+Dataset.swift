import Communication
import Datasets

extension Recipe {
  /// The data of the recipe at its resolution, on all ranks: rank 0 lists directories, the first rank of every node opens
  /// the files, and the others see what it made of them.
  ///
  /// The data are not to be used after the communicator's `close()`: their bytes may lie in its shared memory.
  ///
  /// - Parameter known: what a run has made of these data before: then black and white, the columns of a table and the order
  ///   of classes stay what they were, and nothing is refused that could be meant otherwise.
  /// - Parameter signals: a wish to stop ends the reading, too, on all ranks.
  /// - Throws: `SharedFailure` on all ranks where a directory or a file is not as it should be for any of them, or where one
  ///   that reads is asked to stop.
  public func loadDataset(
    on communicator: any Communicator, known: SampleDescription? = nil, signals: StopSignals? = nil
  ) throws -> Dataset {
    let understood = try communicator.together {
      communicator.rank == 0 ? try DatasetSource.understood(data.source) : nil
    }
    let text = try communicator.broadcast(text: understood?.text ?? "")
    let (source, options) = try communicator.together {
      if known == nil { try refuseIdleConditions() }
      var options = try loadingOptions()
      if let known { options.keep(known) }
      if let signals { options.limits.isStopped = { signals.stop != nil } }
      return (try DatasetSource(text), options)
    }
    var listing = try communicator.together { communicator.rank == 0 ? try source.listing(options) : nil }
    if communicator.spansNodes {
      let bytes = listing?.bytes ?? []
      let count = try communicator.broadcast([Int64(bytes.count)], from: 0)[0]
      let room = communicator.rank == 0 ? bytes : [UInt8](repeating: 0, count: Int(count))
      listing = DatasetListing(bytes: try communicator.broadcast(room, from: 0))
    }
    let own = try communicator.together {
      guard communicator.nodeRank == 0, let listing else { return Dataset?.none }
      do { return try source.load(options, listing: listing) } catch let error as DatasetError
        where error.cause == .stopped
      {
        throw Failure(error.description, code: signals?.stop == .interrupt ? .interrupted : .tryAgain)
      }
    }
    var dataset = noting(try Self.shared(own, on: communicator), from: source)
    if let known { dataset = dataset.labelled(as: known.classNames) }
    if let note = understood?.note { dataset.note(note) }
    return dataset
  }

  /// The data of the first rank of every node, on all ranks.
  static func shared(_ own: Dataset?, on communicator: any Communicator) throws -> Dataset {
    if communicator.size == 1, let own { return own }
    let packed = own.map(PackedDataset.init)
    let bytes = try communicator.makeSharedBytes(byteCount: packed?.byteCount ?? 0) { packed?.write(to: $0) }
    var dataset = try communicator.together { try PackedDataset.read(bytes.memory) }
    if try communicator.maximum(of: bytes.isShared ? 0 : 1) == 1 {
      dataset.note(
        "every process has a copy of the data: too little shared memory on a machine (containers: --shm-size)")
    }
    return dataset
  }

  /// Refuses columns to condition on beside a condition that has no use for them.
  private func refuseIdleConditions() throws {
    guard model.conditionKind == .classes, !data.conditions.isEmpty else { return }
    throw Failure(
      "data.conditions: \(data.conditions.joined(separator: ", ")) cannot be used under model.condition.kind classes; set "
        + "that to mixed, continuous or automatic, or leave data.conditions out", code: .configuration)
  }

  private func noting(_ dataset: Dataset, from source: DatasetSource) -> Dataset {
    guard source.isTable, let label = data.label, model.conditionKind == .continuous else { return dataset }
    var dataset = dataset
    dataset.note(
      "column \(label) (data.label) is not used under model.condition.kind continuous: "
        + "--set model.condition.kind=mixed uses labels and quantities")
    return dataset
  }

  private func loadingOptions() throws -> LoadingOptions {
    var options = LoadingOptions()
    options.resolution = try resolution()
    options.channels = data.channels
    options.crops = data.crop
    options.orients = data.orient
    options.skipsUnreadable = data.skipUnreadable
    let mayBeClasses = [.classes, .automatic].contains(model.conditionKind)
    options.classCount = mayBeClasses ? model.conditionSize ?? 10 : 10
    options.mostClasses = mayBeClasses ? model.conditionSize : nil
    options.kind = SampleLayout.Kind(rawValue: data.layout.rawValue)
    options.condition =
      switch model.conditionKind {
      case .automatic: .automatic
      case .classes: .classes
      case .continuous: .continuous
      case .mixed: .mixed
      }
    options.range = data.range.count == 2 ? data.range[0]...data.range[1] : nil
    options.labelColumn = data.label
    options.conditionColumns = data.conditions
    options.columns = data.columns
    options.dropsNonFinite = data.dropNonFinite
    options.limits.unpackedBytes = Int(data.mostUnpackedGB * 1e9)
    return options
  }
}
