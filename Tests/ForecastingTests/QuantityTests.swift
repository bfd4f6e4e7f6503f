import Testing

@testable import Forecasting

@Suite struct QuantityTests {
  @Test("times and rates are read with their units")
  func reading() {
    #expect(Quantity.seconds("50us")?.isApproximately(50e-6) == true)
    #expect(Quantity.seconds("1.5 ms")?.isApproximately(1.5e-3) == true)
    #expect(Quantity.seconds("2s") == 2)
    #expect(Quantity.bytesPerSecond("10gbit") == 1.25e9)
    #expect(Quantity.bytesPerSecond("100Mbit") == 12.5e6)
    #expect(Quantity.bytesPerSecond("1.25GB") == 1.25e9)
  }

  @Test(
    "what has no unit, is not above zero or no number is refused",
    arguments: ["", "50", "us", "-1us", "0s", "nans", "infs", "1h"])
  func refusing(_ text: String) {
    #expect(Quantity.seconds(text) == nil)
    #expect(Quantity.bytesPerSecond(text.replacing("s", with: "gbit")) == nil)
  }

  @Test("numbers are shown with three digits that count and a unit that suits")
  func showing() {
    #expect(Quantity.time(0.0123) == "12.3 ms")
    #expect(Quantity.time(0.9996) == "1.00 s")
    #expect(Quantity.time(250) == "250 s")
    #expect(Quantity.time(0) == "0")
    #expect(Quantity.bytes(999) == "999 B")
    #expect(Quantity.bytes(1_234_567) == "1.23 MB")
    #expect(Quantity.rate(bytesPerSecond: 1.25e9) == "10.0 Gbit/s")
    #expect(Quantity.count(12_345) == "12,345")
    #expect(Quantity.count(231e6) == "231 million")
  }
}
