import Foundation
import Testing

@testable import Reporting

@Suite struct LineBufferTests {
  @Test("whole numbers, plain and grouped")
  func integers() {
    for value in [0, 7, -7, 10, 999, 1_000, -1_234_567, Int.max, Int.min] {
      #expect(text { $0.append(value) } == String(value))
    }
    #expect(text { $0.append(999, isGrouped: true) } == "999")
    #expect(text { $0.append(-1_234_567, isGrouped: true) } == "-1,234,567")
    #expect(text { $0.append(Int.max, isGrouped: true) } == "9,223,372,036,854,775,807")
  }

  @Test("fixed decimals equal printf's, halves aside")
  func decimals() {
    for value in [0, 0.693147, -0.693147, 1, 99.995, 123_456.789, -0.0004, 0.9999, 12_345_678.5, 1e-30] {
      for decimals in 0...4 {
        let expected = String(format: "%.\(decimals)f", value)
        let signless = expected.allSatisfy { "-0.".contains($0) } ? expected.replacing("-", with: "") : expected
        let found = text { $0.append(value, decimals: decimals) }
        // Halves go away from zero here, to even there.
        let difference = abs((Double(found) ?? .nan) - (Double(signless) ?? .nan))
        #expect(found == signless || difference <= 1.001 * pow(10, Double(-decimals)), "\(value) \(found) \(signless)")
        #expect(found.count == signless.count)
      }
    }
    #expect(text { $0.append(2.5e17, decimals: 2) } == "2.5e17")
    #expect(text { $0.append(Double.nan, decimals: 2) } == "nan")
    #expect(text { $0.append(-Double.infinity, decimals: 2) } == "-inf")
  }

  @Test("significant digits: readable forms")
  func significant() {
    let rows: [(Double, String)] = [
      (0, "0"), (1, "1"), (-0.5, "-0.5"), (0.69314718, "0.6931472"), (1_250, "1250"), (1_234_567_890, "1234568000"),
      (9.99999999, "10"), (0.000012345, "0.000012345"), (2.5e-7, "2.5e-7"), (1e15, "1e15"), (1.5e300, "1.5e300"),
      (Double.leastNonzeroMagnitude, "4.940656e-324"), (Double.greatestFiniteMagnitude, "1.797693e308"),
      (48_201.5, "48201.5"),
    ]
    for (value, expected) in rows { #expect(text { $0.append(value, significantDigits: 7) } == expected) }
  }

  @Test("9 digits give every float32 back")
  func floats() {
    var state: UInt32 = 12_345
    for _ in 0..<20_000 {
      state = state &* 1_664_525 &+ 1_013_904_223
      let value = Float(bitPattern: state)
      guard value.isFinite else { continue }
      let written = text { $0.append(Double(value), significantDigits: 9) }
      #expect(Float(written) == value, "\(value) as \(written)")
    }
  }

  @Test("JSON objects parse; NaN and infinity are null; text is escaped")
  func json() throws {
    let written = text {
      $0.beginObject()
      $0.field("a", 1)
      $0.field("b", 0.25)
      $0.field("c", Double.nan)
      $0.field("d", -Float.infinity)
      $0.field("e", "plain")
      $0.field("f", text: "a\"b\\c\n\u{1}ü🙂")
      $0.field("g", true)
      $0.endObject()
    }
    #expect(
      written == #"{"a":1,"b":0.25,"c":null,"d":null,"e":"plain","f":"a\"b\\c\u000a\u0001ü🙂","g":true}"#)
    let parsed = try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String: Any]
    #expect(parsed?["f"] as? String == "a\"b\\c\n\u{1}ü🙂")
  }

  @Test("what does not fit is left out and told")
  func overfull() {
    let line = LineBuffer(capacity: 4)
    line.append("abc" as StaticString)
    #expect(!line.isOverfull)
    line.append(123)
    #expect(line.isOverfull && line.contents.elementsEqual("abc1".utf8))
    line.removeAll()
    #expect(!line.isOverfull && line.count == 0)
  }
}
