import Testing

@testable import Communication

struct LaunchDifferenceTests {
  private typealias Card = LaunchDifference.Card

  private let card = Card(
    command: "train --output a", library: "MPI 1", path: "/opt/lockstep", byteCount: 7, contents: 5)

  private func words(_ change: (inout [Card]) -> Void, ranks: Int = 3) -> String? {
    var cards = Array(repeating: card, count: ranks)
    change(&cards)
    return LaunchDifference.words(cards)
  }

  @Test("ranks that are alike have no difference, wherever their program lies")
  func same() {
    #expect(words { _ in } == nil)
    #expect(words { $0[1].path = "/copy/of/lockstep" } == nil)
  }

  @Test("a command line of its own is shown beside rank 0's, before any other difference")
  func commands() {
    #expect(
      words {
        $0[2].command = "sample a"
        $0[2].contents = 6
      } == "rank 2 runs `lockstep sample a`, rank 0 `lockstep train --output a`: give all ranks the same command line")
    #expect(
      words(
        { cards in for rank in 1..<9 { cards[rank].command = "doctor" } }, ranks: 9)?.contains(
          "; ranks 2, 3, 4, 5 and 3 more differ from rank 0, too") == true)
  }

  @Test("of long command lines the part that differs is shown")
  func longCommands() {
    let start = "train " + String(repeating: "--set x.y=1 ", count: 100)
    let said = words { cards in
      cards[0].command = start + "--threads 2"
      cards[1].command = start + "--threads 4"
      cards[2].command = start + "--threads 2"
    }
    #expect(said?.contains("--threads 4`") == true && said?.contains("--threads 2`") == true)
    #expect(said?.contains("`lockstep train … ") == true)
    #expect(said.map { $0.count < 600 } == true)
  }

  @Test("another build, or one of another size that cannot be read, is told with both files")
  func programs() {
    #expect(
      words { $0[1].contents = 6 }
        == "rank 1 runs another build of the program, /opt/lockstep (7 bytes, digest 6), than rank 0, "
        + "/opt/lockstep (7 bytes, digest 5): install the same on all nodes")
    #expect(words { $0[1].byteCount = 8 }?.hasPrefix("rank 1 runs another build") == true)
    #expect(words { $0[2].library = "MPI 2" }?.hasPrefix("rank 2 uses MPI 2, rank 0 MPI 1;") == true)
  }

  @Test("a command line reads as a shell takes it")
  func quoting() {
    #expect(
      LaunchIdentity.command(["train", "--set", "a=[1,2]", "it's", ""]) == #"train --set 'a=[1,2]' 'it'\''s' ''"#)
    #expect(LaunchIdentity.command(["a b"]) != LaunchIdentity.command(["a", "b"]))
  }
}
