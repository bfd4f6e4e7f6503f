import Communication
import Files
import Forecasting
import Programs
import Reporting
import Training

extension Profile {
  /// One line; the keys are part of the interface.
  var json: String {
    let places = programs.reduce(0) { $0 + $1.places.count }
    let line = LineBuffer(capacity: 16_384 + 1024 * operations.count + 512 * (places + layers.count + memory.count))
    line.beginObject()
    line.field("recipe", text: recipe)
    line.field("batchSize", batchSize)
    line.field("imagesPerSecond", imagesPerSecond)
    line.field("discriminatorMilliseconds", discriminatorMilliseconds)
    line.field("generatorMilliseconds", generatorMilliseconds)
    line.field("measuredMilliseconds", measuredMilliseconds)
    line.field("batchMilliseconds", batchMilliseconds)
    line.field("accountedShare", accountedShare)
    line.field("clockOverhead", clockOverhead)
    line.field("gradientWaitMilliseconds", gradientWaitMilliseconds)
    line.field("statisticsMilliseconds", statisticsMilliseconds)
    line.field("communicationShare", communicationShare)
    line.field("messagesSent", messagesSent)
    line.field("bytesSent", bytesSent)
    line.field("peakResidentMegabytes", peakResidentMegabytes)
    line.field("megabytesMoved", megabytesMoved)
    line.field("megabytesUnfused", megabytesUnfused)
    line.field("ranks", ranks)
    line.field("threads", threads)
    line.field("iterations", iterations)
    line.field("roofGigaflopsPerSecond", roof.gigaflopsPerSecond)
    line.beginArray("roofBandwidths")
    for level in roof.levels {
      line.beginElement()
      line.field("bytes", level.bytes)
      line.field("gigabytesPerSecond", level.gigabytesPerSecond)
      line.endObject()
    }
    line.endArray()
    write(parts, under: "parts", to: line)
    write(layers, under: "layers", to: line)
    line.beginArray("operations")
    for operation in operations {
      line.beginElement()
      line.field("phase", text: operation.phase)
      line.field("stage", text: "\(operation.stage)")
      line.field("name", text: operation.name)
      line.field("layer", text: operation.layer)
      line.field("milliseconds", operation.milliseconds)
      line.field("operations", operation.cost.operations)
      line.field("performedOperations", operation.cost.performed)
      line.field("bytes", operation.cost.bytes)
      line.field("gigaflopsPerSecond", operation.gigaflopsPerSecond)
      line.field("gigabytesPerSecond", operation.gigabytesPerSecond)
      line.field("share", operation.share)
      line.field("shareOfRoof", operation.shareOfRoof ?? .nan)
      line.field("bound", text: operation.bound?.rawValue ?? "others")
      line.endObject()
    }
    line.endArray()
    writeMemory(to: line)
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }

  private func write(_ portions: [Portion], under key: StaticString, to line: LineBuffer) {
    line.beginArray(key)
    for portion in portions {
      line.beginElement()
      line.field("name", text: portion.name)
      line.field("milliseconds", portion.milliseconds)
      line.field("share", portion.share)
      line.field("gigaflopsPerSecond", portion.gigaflopsPerSecond)
      line.field("gigabytesPerSecond", portion.gigabytesPerSecond)
      line.field("shareOfRoof", portion.shareOfRoof ?? .nan)
      line.endObject()
    }
    line.endArray()
  }

  private func writeMemory(to line: LineBuffer) {
    line.beginArray("memory")
    for item in memory {
      line.beginElement()
      line.field("name", text: item.name)
      line.field("bytes", item.bytes)
      line.endObject()
    }
    line.endArray()
    line.beginArray("programs")
    for program in programs {
      line.beginElement()
      line.field("name", text: program.program)
      line.field("operations", program.units.count)
      line.field("arenaBytes", program.arenaBytes)
      line.field("fullestOperation", program.fullest.map { $0.unit + 1 } ?? 0)
      line.field("fullestBytes", program.fullest.map { program.bytesInUse[$0.unit] } ?? 0)
      line.beginArray("places")
      for place in program.places {
        line.beginElement()
        line.field("use", text: place.use.rawValue)
        line.field("operation", text: place.operation)
        line.field("layer", text: place.layer)
        line.field("offset", 4 * place.offset)
        line.field("bytes", 4 * place.count)
        line.field("first", place.units.lowerBound + 1)
        line.field("last", place.units.upperBound)
        line.endObject()
      }
      line.endArray()
      line.endObject()
    }
    line.endArray()
  }
}

extension BatchSweep {
  /// One line; the keys are part of the interface.
  var json: String {
    let line = LineBuffer(capacity: 4096 + 1024 * (points.count + omissions.count))
    line.beginObject()
    line.field("recipe", text: recipe)
    line.field("ranks", ranks)
    line.field("threads", threads)
    line.field("recommendedBatch", recommended.map { Double($0.batch) } ?? .nan)
    line.field("isTrustworthy", isTrustworthy)
    line.field("coreShare", coreShare)
    line.field("saturatedBatch", saturation.map { Double($0.batch) } ?? .nan)
    line.field("limitImagesPerSecond", limit ?? .nan)
    line.beginArray("batches")
    for point in points {
      line.beginElement()
      line.field("batch", point.batch)
      line.field("imagesPerSecond", point.imagesPerSecond)
      line.field("milliseconds", point.milliseconds)
      line.field("spread", point.spread)
      line.beginArray("visitMilliseconds")
      for visit in point.visits { line.element(visit) }
      line.endArray()
      line.field("memoryBytes", point.memoryBytes)
      line.endObject()
    }
    line.endArray()
    line.beginArray("omitted")
    for omission in omissions {
      line.beginElement()
      line.field("batch", omission.batch)
      line.field("neededBytes", omission.neededBytes)
      line.field("availableBytes", omission.availableBytes)
      line.endObject()
    }
    line.endArray()
    line.endObject()
    return String(decoding: line.contents, as: UTF8.self)
  }
}

extension Profile {
  /// The picture of it.
  var page: ProfilePage {
    let cells = { (ms: Double, share: Double, flops: Double, bytes: Double, roof: Double?) in
      [
        decimal(ms, 4), decimal(100 * share, 1), decimal(flops, 1), decimal(bytes, 1),
        roof.map { decimal(100 * $0, 0) } ?? "–",
      ]
    }
    let header = ["ms", "% of time", "GFLOP/s", "GB/s", "% of roof"]
    let rows = { (portions: [Portion]) in
      portions.map {
        [$0.name] + cells($0.milliseconds, $0.share, $0.gigaflopsPerSecond, $0.gigabytesPerSecond, $0.shareOfRoof)
      }
    }
    return ProfilePage(
      title: "\(recipe), batch \(grouped(batchSize)), \(ranks) × \(threads)", summary: summary,
      bars: parts.map { .init(name: $0.name, milliseconds: $0.milliseconds) } + [
        .init(name: "images and conditions", milliseconds: batchMilliseconds),
        .init(name: "between programs", milliseconds: max(0, (1 - accountedShare) * measuredMilliseconds)),
      ],
      roofline: Roofline(
        dots: operations.filter { $0.bound != nil && $0.milliseconds > 0 }.map { operation in
          .init(
            name: "\(operation.name) \(operation.layer)",
            operationsPerByte: Double(operation.cost.performed) / Double(max(1, operation.cost.bytes)),
            gigaflopsPerSecond: Double(operation.cost.performed) * 1e-6 / operation.milliseconds,
            share: operation.share)
        }, peakGigaflopsPerSecond: roof.gigaflopsPerSecond,
        bandwidths: roof.levels.map { (Quantity.bytes(Double($0.bytes)), $0.gigabytesPerSecond) }),
      memory: programs.filter { $0.arenaBytes > 4096 }.map { program in
        MemoryMap(
          title: "\(program.program): \(Quantity.bytes(Double(program.arenaBytes)))", bytes: program.arenaBytes,
          units: program.units.count,
          places: program.places.map {
            .init(name: $0.operation, layer: $0.layer, offset: 4 * $0.offset, bytes: 4 * $0.count, units: $0.units)
          })
      },
      tables: [
        .init(title: "Parts", header: ["part"] + header, rows: rows(parts)),
        .init(title: "Layers", header: ["layer"] + header, rows: rows(layers)),
        .init(
          title: "Operations",
          note:
            "GFLOP/s count a convolution by its definition; the roof is that of what Winograd's method has to compute.",
          header: ["operation", "layer", "phase", "bound"] + header,
          rows: operations.prefix(60).map {
            [$0.name, $0.layer, $0.phase, $0.bound?.rawValue ?? "others"]
              + cells($0.milliseconds, $0.share, $0.gigaflopsPerSecond, $0.gigabytesPerSecond, $0.shareOfRoof)
          }),
        .init(
          title: "Memory of a rank, planned", header: ["for", "MB"],
          rows: memory.map { [$0.name, decimal(Double($0.bytes) * 1e-6, 3)] }),
      ])
  }
}

extension BatchSweep {
  var page: ProfilePage {
    ProfilePage(
      title: "\(recipe): which batch, \(ranks) × \(threads)", summary: conclusions,
      batches: BatchCurve(
        points: points.map { ($0.batch, $0.imagesPerSecond) },
        line: limit == nil ? [] : points.map { ($0.batch, Double($0.batch) / line.seconds(at: Double($0.batch))) }),
      tables: [
        .init(
          title: "Batches", header: ["batch", "images/s", "ms an iteration", "iterations/s", "MB a rank"],
          rows: points.map {
            [
              String($0.batch), decimal($0.imagesPerSecond, 0), decimal($0.milliseconds, 3),
              decimal($0.iterationsPerSecond, 1), decimal(Double($0.memoryBytes) * 1e-6, 1),
            ]
          })
      ])
  }
}
