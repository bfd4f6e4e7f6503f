import Files
import Reporting

/// Trouble with a machine file: which, what is wrong, what to do.
public struct MachineFileError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let reason: String

  public var description: String {
    "\(escaped(path)): \(reason); measure again with lockstep plan --save-machine FILE"
  }
}

/// A machine's measurements as JSON, read as strictly as they are written.
public enum MachineFile {
  public static let currentVersion = 1
  /// A whole file has under 2 KB.
  static let mostBytes = 65_536

  public static func write(_ machine: Machine, to path: String) throws(FileError) {
    let line = LineBuffer(capacity: mostBytes)
    encode(machine, to: line)
    line.append("\n" as StaticString)
    try AtomicFile.write(to: path) { file throws(FileError) in try file.write(line.contents) }
  }

  public static func read(_ path: String) throws -> Machine {
    let file = try InputFile(path: path)
    guard file.byteCount <= mostBytes else {
      throw MachineFileError(path: path, reason: "\(grouped(file.byteCount)) bytes; that is no machine file")
    }
    return try decode(file.bytes(), path: path)
  }

  static func encode(_ machine: Machine, to line: LineBuffer) {
    line.beginObject()
    line.field("version", currentVersion)
    line.field("recipe", text: machine.recipe)
    line.field("core", text: machine.core)
    line.field("threads", machine.threads)
    line.field("processes", machine.processes)
    line.field("leastImages", machine.measuredImages.lowerBound)
    line.field("mostImages", machine.measuredImages.upperBound)
    line.field("fitError", machine.fitError)
    line.field("sumBytesPerSecond", machine.sumBytesPerSecond)
    line.field("barrierSeconds", machine.barrierSeconds)
    line.field("latencySeconds", machine.network.latencySeconds)
    line.field("networkBytesPerSecond", machine.network.bytesPerSecond)
    line.field("networkOrigin", text: machine.network.origin.rawValue)
    line.field("networkNodes", machine.network.nodes)
    line.beginArray("phases")
    for phase in machine.phases {
      line.beginElement()
      line.field("name", text: phase.name)
      line.field("gradientBytes", phase.gradientBytes)
      line.field("workSeconds", phase.work.fixed)
      line.field("workSecondsPerImage", phase.work.slope)
      line.field("earlySeconds", phase.early.fixed)
      line.field("earlySecondsPerImage", phase.early.slope)
      line.field("backwardSeconds", phase.backward.fixed)
      line.field("backwardSecondsPerImage", phase.backward.slope)
      line.field("updateSeconds", phase.updateSeconds)
      line.endObject()
    }
    line.endArray()
    line.endObject()
  }

  static func decode(_ bytes: [UInt8], path: String) throws(MachineFileError) -> Machine {
    let value: JSONValue
    do { value = try JSONReader.read(bytes) } catch { throw MachineFileError(path: path, reason: error.reason) }
    var fields = try Fields(value, path: path)
    let version = try fields.whole("version", in: 1...Int(Int32.max))
    guard version == currentVersion else {
      throw MachineFileError(path: path, reason: "has version \(version); this program reads \(currentVersion)")
    }
    let least = try fields.whole("leastImages", in: 1...Fields.large)
    let most = try fields.whole("mostImages", in: least...Fields.large)
    let origin = try fields.text("networkOrigin")
    guard let origin = Machine.Network.Origin(rawValue: origin) else {
      throw MachineFileError(path: path, reason: "networkOrigin is \(clipped(origin))")
    }
    let network = Machine.Network(
      latencySeconds: try fields.positive("latencySeconds"),
      bytesPerSecond: try fields.positive("networkBytesPerSecond"), origin: origin,
      nodes: try fields.whole("networkNodes", in: 1...Fields.large))
    var phases: [Machine.Phase] = []
    for entry in try fields.array("phases", atMost: 16) { phases.append(try phase(entry, path: path)) }
    let machine = Machine(
      recipe: try fields.text("recipe"), core: try fields.text("core"),
      threads: try fields.whole("threads", in: 1...Fields.large),
      processes: try fields.whole("processes", in: 1...Fields.large), measuredImages: least...most,
      fitError: try fields.notNegative("fitError"), phases: phases,
      sumBytesPerSecond: try fields.positive("sumBytesPerSecond"),
      barrierSeconds: try fields.notNegative("barrierSeconds"), network: network)
    try fields.refuseOthers()
    return machine
  }

  private static func phase(_ value: JSONValue, path: String) throws(MachineFileError) -> Machine.Phase {
    var fields = try Fields(value, path: path)
    let phase = Machine.Phase(
      name: try fields.text("name"), gradientBytes: try fields.whole("gradientBytes", in: 0...Fields.large),
      work: try fields.line("workSeconds"), early: try fields.line("earlySeconds"),
      backward: try fields.line("backwardSeconds"), updateSeconds: try fields.notNegative("updateSeconds"))
    try fields.refuseOthers()
    guard phase.work.fixed + phase.work.slope > 0 else {
      throw MachineFileError(path: path, reason: "\(clipped(phase.name)) takes no time")
    }
    return phase
  }
}

/// The members of an object, each taken out once; what is left over is unknown.
private struct Fields {
  static let large = 1 << 48

  private var members: [String: JSONValue]
  private let path: String

  init(_ value: JSONValue, path: String) throws(MachineFileError) {
    guard case .object(let members) = value else {
      throw MachineFileError(path: path, reason: "an object is expected")
    }
    (self.members, self.path) = (members, path)
  }

  private mutating func number(_ name: String) throws(MachineFileError) -> Double {
    guard case .number(let value)? = members.removeValue(forKey: name) else { throw lacking("the number", name) }
    return value
  }

  mutating func notNegative(_ name: String) throws(MachineFileError) -> Double {
    let value = try number(name)
    guard value >= 0 else { throw MachineFileError(path: path, reason: "\(name) is below 0") }
    return value
  }

  mutating func positive(_ name: String) throws(MachineFileError) -> Double {
    let value = try number(name)
    guard value > 0 else { throw MachineFileError(path: path, reason: "\(name) must be above 0") }
    return value
  }

  mutating func whole(_ name: String, in range: ClosedRange<Int>) throws(MachineFileError) -> Int {
    let value = try number(name)
    guard let whole = Int(exactly: value), range.contains(whole) else {
      throw MachineFileError(
        path: path, reason: "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return whole
  }

  mutating func line(_ name: String) throws(MachineFileError) -> LinearFit {
    LinearFit(fixed: try notNegative(name), slope: try notNegative(name + "PerImage"))
  }

  mutating func text(_ name: String) throws(MachineFileError) -> String {
    guard case .text(let value)? = members.removeValue(forKey: name) else { throw lacking("the text", name) }
    return value
  }

  mutating func array(_ name: String, atMost limit: Int) throws(MachineFileError) -> [JSONValue] {
    guard case .array(let values)? = members.removeValue(forKey: name), values.count <= limit else {
      throw lacking("the list", name)
    }
    return values
  }

  func refuseOthers() throws(MachineFileError) {
    guard let name = members.keys.min() else { return }
    throw MachineFileError(path: path, reason: "\(clipped(name)) is no key of a machine file")
  }

  private func lacking(_ kind: String, _ name: String) -> MachineFileError {
    MachineFileError(path: path, reason: "lacks \(kind) \(name)")
  }
}
