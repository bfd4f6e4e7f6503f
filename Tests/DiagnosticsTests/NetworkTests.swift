import Testing

@testable import Diagnostics

struct NetworkTests {
  private let all = ["eth0 192.168.1.7/24", "ib0 10.1.0.7/16", "docker0 172.17.0.1/16"].compactMap(Interface.init)

  @Test("an interface is read as it is written, and nonsense is not")
  func reading() {
    #expect(all.map(\.description) == ["eth0 192.168.1.7/24", "ib0 10.1.0.7/16", "docker0 172.17.0.1/16"])
    for text in ["", "eth0", "eth0 10.0.0/24", "eth0 10.0.0.1/33", "eth0 300.0.0.1/8", "a 1.2.3.4/5/6"] {
      #expect(Interface(text) == nil)
    }
  }

  @Test("Open MPI's lists choose by name and by network; an include list is all that counts")
  func choice() {
    func names(_ include: String, _ exclude: String) -> [String] {
      Interface.chosen(from: all, include: include, exclude: exclude).map(\.name)
    }
    #expect(names("", "lo,sppp") == ["eth0", "ib0", "docker0"])
    #expect(names("", "docker0,192.168.0.0/16") == ["ib0"])
    #expect(names("10.1.0.0/16", "ib0") == ["ib0"])
    #expect(names("0.0.0.0/0", "") == ["eth0", "ib0", "docker0"])
    #expect(names("eth1", "") == [])
  }

  @Test("several interfaces between nodes of which none was chosen are a warning, on one node they are not")
  func interfaces() {
    let spoil = { (facts: inout RankFacts) in facts.network.interfaces.append("ib0 10.1.0.9/16") }
    let found = Judgement.interfaces(Made.pair(spoil)).complaints
    #expect(found.map(\.nodes) == [["node1"]] && found[0].text.contains("any of eth0, ib0"))
    #expect(Judgement.interfaces(Made.node(spoil)).complaints == [])
    let chosen = Made.pair {
      spoil(&$0)
      $0.network.tcpInclude = "10.0.0.0/24"
    }
    #expect(Judgement.interfaces(chosen).complaints == [])
    #expect(Judgement.interfaces(Made.pair { $0.network.interfaces = [] }).complaints.count == 1)
  }

  @Test("an address that two nodes have is a warning with the network to choose")
  func bridges() throws {
    var facts = [Made.rank(0), Made.rank(1)]
    for index in facts.indices { facts[index].network.interfaces.append("docker0 172.17.0.1/16") }
    let found = Judgement.interfaces(Nodes(facts)).complaints
    #expect(found.count == 2)
    #expect(try #require(found.first?.remedy).contains("btl_tcp_if_include 10.0.0.1/24"))
  }

  @Test("slow sums are warnings inside nodes and between them")
  func sums() {
    #expect(Judgement.sums(Made.pair { $0.network.nodeSmallSeconds = 1e-3 }).complaints.map(\.nodes) == [["node1"]])
    #expect(Judgement.sums(Made.pair { $0.network.smallSeconds = 3e-3 }).complaints.map(\.nodes) == [[]])
    #expect(Judgement.sums(Made.pair { $0.network.gradientSeconds = 0.1 }).complaints.count == 1)
    #expect(Judgement.sums(Made.node { $0.network.gradientSeconds = 0.1 }).complaints == [])
    #expect(Judgement.sums(Nodes([RankFacts()])) == [])
  }

  @Test("a clock more than a second off is a warning, whatever one reading says")
  func clocks() throws {
    let late = Judgement.clocks(Made.pair { $0.network.stamps = [98.5, 99.5, 102, 101.5, 102.5] })
    let finding = try #require(late.first)
    #expect(finding.level == .warning && finding.nodes == ["node1"] && finding.text.contains("1.50 s behind"))
    #expect(Judgement.clocks(Made.pair { $0.network.stamps[0] += 5 }).map(\.level) == [.ok])
    #expect(Judgement.clocks(Made.node()) == [])
  }
}
