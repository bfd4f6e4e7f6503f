import Communication
import Datasets
import Testing

@testable import Training

@Suite struct TrainerLockstepTests {
  @Test("one changed number on one rank is found, with network, parameter and rank")
  func changed() throws {
    let recipe = try recipe("digits-dense")
    let dataset = try DatasetSource("digits").load(resolution: nil)
    let messages = try InProcessCommunicator.run(ranks: 3) { communicator -> String in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      try trainer.runIteration()
      try trainer.verifyLockstep()
      if communicator.rank == 1 {
        let table = trainer.discriminator.parameters
        table.slice(table.entries[2], of: table.values)[0] += 1e-6
      }
      do { try trainer.verifyLockstep() } catch { return "\(error)" }
      return "not found"
    }
    for message in messages {
      #expect(message.contains("after iteration 1, phase 0, discriminator/"), "\(message)")
      #expect(message.contains("has other numbers on rank 1 than on rank 0"), "\(message)")
    }
  }

  @Test("ranks that are in different phases stop instead of mixing their gradients")
  func phases() throws {
    let recipe = try recipe("digits-dense")
    let dataset = try DatasetSource("digits").load(resolution: nil)
    let messages = try InProcessCommunicator.run(ranks: 2) { communicator -> String in
      let trainer = try Trainer(recipe: recipe, dataset: dataset, communicator: communicator)
      if communicator.rank == 1 { trainer.iteration = 5 }
      do { try trainer.runIteration() } catch { return "\(error)" }
      return "not found"
    }
    #expect(messages.allSatisfy { $0.contains("the ranks are out of step") }, "\(messages)")
  }
}
