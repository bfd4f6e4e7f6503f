import Communication

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A network interface with one of its addresses: `eth0 10.77.0.1/24`.
struct Interface: Equatable, LosslessStringConvertible {
  var name: String
  /// IPv4, the first byte in the highest bits.
  var address: UInt32
  /// Bits that all addresses of its network share.
  var prefix: Int

  var description: String { "\(name) \(text)/\(prefix)" }
  /// The address as people write it.
  var text: String { (0..<4).map { "\(address >> (24 - 8 * UInt32($0)) & 255)" }.joined(separator: ".") }

  init(name: String, address: UInt32, prefix: Int) {
    (self.name, self.address, self.prefix) = (name, address, prefix)
  }

  init?(_ description: String) {
    let words = description.split(separator: " ")
    guard words.count == 2, let (address, prefix) = Self.network(words[1]) else { return nil }
    self.init(name: String(words[0]), address: address, prefix: prefix)
  }

  /// `10.77.0.0/16`, or one address.
  static func network(_ text: some StringProtocol) -> (address: UInt32, prefix: Int)? {
    let parts = text.split(separator: "/")
    let bytes = (parts.first ?? "").split(separator: ".").compactMap { UInt8($0) }
    let prefix = parts.count == 2 ? Int(parts[1]) : 32
    guard bytes.count == 4, (1...2).contains(parts.count), let prefix, (0...32).contains(prefix) else { return nil }
    return (bytes.reduce(0) { $0 << 8 | UInt32($1) }, prefix)
  }

  /// Whether an entry of Open MPI's lists means this interface: a name, or a network.
  func isMeant(by entry: Substring) -> Bool {
    guard let (network, bits) = Self.network(entry) else { return entry == name }
    let mask: UInt32 = bits == 0 ? 0 : ~0 << UInt32(32 - bits)
    return address & mask == network & mask
  }

  /// Those that Open MPI's TCP may use.
  static func chosen(from all: [Interface], include: String, exclude: String) -> [Interface] {
    let (wanted, unwanted) = (include.split(separator: ","), exclude.split(separator: ","))
    return all.filter { interface in
      wanted.isEmpty ? !unwanted.contains(where: interface.isMeant) : wanted.contains(where: interface.isMeant)
    }
  }

  /// Interfaces of this machine that are up, are not loopback and have an IPv4 address.
  static func all() -> [Interface] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var found: [Interface] = []
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      let (isUp, isLoopback) = (entry.ifa_flags & UInt32(IFF_UP) != 0, entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0)
      guard isUp, !isLoopback, let address = ipv4(entry.ifa_addr), let mask = ipv4(entry.ifa_netmask) else { continue }
      found.append(Interface(name: String(cString: entry.ifa_name), address: address, prefix: mask.nonzeroBitCount))
    }
    return found
  }

  private static func ipv4(_ address: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
    guard let address, address.pointee.sa_family == AF_INET else { return nil }
    return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
    }
  }
}

extension NetworkFacts {
  static func read(communicator: any Communicator) -> NetworkFacts {
    var facts = NetworkFacts()
    facts.interfaces = Interface.all().map(\.description)
    guard communicator.size > 1 else { return facts }
    facts.btl = MPISetting.value("btl") ?? ""
    facts.tcpInclude = setting("btl_tcp_if_include")
    facts.tcpExclude = setting("btl_tcp_if_exclude")
    return facts
  }

  /// As MPI has it; as the environment says where MPI does not tell.
  private static func setting(_ name: String) -> String {
    MPISetting.value(name) ?? SystemText.variable("OMPI_MCA_\(name)") ?? ""
  }
}
