/// What the directories of a data set hold, so that one rank alone has to look for it.
public struct DatasetListing: Sendable {
  enum Contents: Sendable {
    /// Of kinds whose files have names known beforehand.
    case nothing
    case names([String])
    case folder(ImageFolder.Contents)
  }

  let contents: Contents

  init(_ contents: Contents) { self.contents = contents }

  /// As bytes, for `init(bytes:)` on another rank.
  public var bytes: [UInt8] {
    var record = PackedRecord()
    switch contents {
    case .nothing: record.append(0)
    case .names(let names):
      record.append(1)
      record.append(names)
    case .folder(let folder):
      record.append(2)
      record.append(folder.classNames)
      record.append(folder.notes)
      record.append(folder.complaints)
      record.append(folder.isSplit ? 1 : 0)
      for entries in [folder.training, folder.test] {
        record.append(entries.map(\.path))
        record.append(entries.map { Int32($0.label) }[...])
      }
    }
    return record.bytes
  }

  /// - Precondition: `bytes` are those of another listing.
  public init(bytes: [UInt8]) {
    contents = bytes.withUnsafeBytes { bytes -> Contents in
      var reader = PackedReader(bytes)
      switch reader.number() {
      case 0: return .nothing
      case 1: return .names(reader.texts())
      default:
        var folder = ImageFolder.Contents(classNames: reader.texts(), training: [], test: [], notes: reader.texts())
        folder.complaints = reader.texts()
        folder.isSplit = reader.number() == 1
        folder.training = Self.entries(&reader)
        folder.test = Self.entries(&reader)
        return .folder(folder)
      }
    }
  }

  private static func entries(_ reader: inout PackedReader) -> [ImageFolder.Entry] {
    let paths = reader.texts()
    return zip(paths, reader.numbers()).map { ImageFolder.Entry(path: $0, label: Int($1)) }
  }
}

extension DatasetSource {
  /// What is there; no image is opened yet.
  public func listing(_ options: LoadingOptions = LoadingOptions()) throws(DatasetError) -> DatasetListing {
    switch self {
    case .digits, .idx, .semeion, .numpy, .table, .synthetic: DatasetListing(.nothing)
    case .cifar(_, let directory): DatasetListing(.names(try CIFAR.names(in: directory)))
    case .folder(let directory): DatasetListing(.folder(try ImageFolder.contents(of: directory, options: options)))
    }
  }
}
