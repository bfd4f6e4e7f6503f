import Communication
import Testing

@testable import Evaluation

@Suite struct PicturesTests {
  @Test("an interpolation starts and ends at samples of the series, and changes on the way")
  func ends() throws {
    let model = try TestModel(communicator: SoloCommunicator())
    let rows = try model.programs.interpolations(rows: 3, steps: 5) { model.training.write(class: $0, to: $1) }
    let size = model.dataset.imageShape.count
    #expect(rows.count == 15 * size)
    for row in 0..<3 {
      let drawn = Array(try model.programs.sample(block: 0) { model.training.write(class: row, to: $1) })
      for (step, sample) in [(0, 2 * row), (4, 2 * row + 1)] {
        let (found, expected) = ((row * 5 + step) * size, sample * size)
        // sin ω / sin ω is 1 to the last digit only.
        for i in 0..<size { #expect(abs(rows[found + i] - drawn[expected + i]) < 1e-5) }
      }
      let middle = rows[(row * 5 + 2) * size..<(row * 5 + 3) * size]
      #expect(zip(middle, drawn[2 * row * size..<(2 * row + 1) * size]).contains { abs($0 - $1) > 1e-3 })
    }
  }

  @Test("the way between two vectors of one length keeps that length; opposite ones have a way, too")
  func sphere() {
    let (a, b): ([Float], [Float]) = ([3, 0, 4], [0, 5, 0])
    for t in [0, 0.25, 0.5, 1] {
      let length = spherical(a[...], b[...], at: t).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(length - 5) < 1e-5)
    }
    #expect(spherical(a[...], a.map { -$0 }[...], at: 0.5).allSatisfy { $0 == 0 })
    #expect(spherical([0, 0], [0, 1], at: 0.5) == [0, 0.5])
  }

  @Test("maps are of both networks' attention layers; their rows sum to one, the mean's too")
  func maps() throws {
    let model = try TestModel(communicator: SoloCommunicator())
    let found = try model.programs.attentionMaps { model.training.write(class: $0 % 10, to: $1) }
    #expect(found.maps.map(\.name) == ["generator/attention", "discriminator/attention"])
    #expect(found.images == Array(try model.programs.sample(block: 0) { model.training.write(class: $0 % 10, to: $1) }))
    for map in found.maps {
      #expect(map.shape == [8, 4, 4] && map.positions == nil)
      for rows in [map.weights, map.mean ?? []] {
        #expect(!rows.isEmpty)
        for first in stride(from: 0, to: rows.count, by: 4) {
          #expect(abs(rows[first..<first + 4].reduce(0, +) - 1) < 1e-5)
        }
      }
    }
  }
}
