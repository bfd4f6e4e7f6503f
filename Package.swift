// swift-tools-version: 6.1
import PackageDescription

/// The C language of our own C targets; `#embed` and `typeof` are C23.
let c: [CSetting] = [.define("_GNU_SOURCE")]

/// The MPI that the program is built with and has to be started with: Open MPI, or MPICH where LOCKSTEP_MPI=mpich is set at
/// build time. Their handles differ in size, so a build directory holds one or the other (cluster/mpich.sh has its own).
let chosenMPI = Context.environment["LOCKSTEP_MPI"] ?? "openmpi"
precondition(["openmpi", "mpich"].contains(chosenMPI), "LOCKSTEP_MPI=\(chosenMPI): must be openmpi or mpich")
let mpi: Target =
  chosenMPI == "mpich"
  ? .systemLibrary(name: "CMPICH", pkgConfig: "mpich", providers: [.apt(["libmpich-dev"])])
  : .systemLibrary(name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])])

let package = Package(
  name: "lockstep",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "lockstep", targets: ["lockstep"]),
    // All of it, for programs that bring a model or data of their own; they import what they use.
    .library(
      name: "Lockstep",
      targets: [
        "Tensors", "Graphs", "Layers", "Models", "Datasets", "Kernels", "Communication", "Checkpoints", "Evaluation",
        "Training",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // C: system libraries, our face of MPI, the inner loops, the embedded data.
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    mpi,
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CMPI", dependencies: [.byName(name: mpi.name)], cSettings: c),
    .target(name: "CSignals", cSettings: c),
    .target(name: "CKernels", dependencies: ["CSignals"], cSettings: c),
    .target(name: "CChecksums", cSettings: c),
    .target(name: "CImages", dependencies: ["CPNG", "CJPEG"], cSettings: c),
    .target(name: "CDigits", exclude: ["digits.bin", "make_digits.py"], cSettings: c),

    // The library; arrows only point up.
    .target(name: "Clocks"),
    .target(name: "Files"),
    .target(name: "Tensors", dependencies: ["CSignals"]),
    .target(name: "Threads", dependencies: ["CSignals", "Clocks"]),
    .target(name: "Kernels", dependencies: ["Tensors", "CKernels", "COpenBLAS"]),
    .target(name: "Communication", dependencies: ["Clocks", "Tensors", "Threads", "CMPI"]),
    .target(
      name: "Diagnostics", dependencies: ["Clocks", "Files", "Tensors", "Kernels", "Communication", "CMPI"]),
    .target(name: "Graphs", dependencies: ["Tensors", "Kernels", "Communication"]),
    .target(
      name: "Programs",
      dependencies: ["Clocks", "Tracing", "Tensors", "Kernels", "CKernels", "Communication", "Graphs"]),
    .target(name: "Layers", dependencies: ["Tensors", "Graphs"]),
    .target(name: "Models", dependencies: ["Tensors", "Graphs", "Layers"]),
    .target(name: "Optimization", dependencies: ["Tensors", "Graphs", "Layers"]),
    .target(name: "NumPyFiles", dependencies: ["Files", "Tensors", "CZlib"]),
    .target(name: "Datasets", dependencies: ["Files", "Tensors", "NumPyFiles", "CDigits", "CImages", "CZlib"]),
    .target(name: "Checkpoints", dependencies: ["Clocks", "Files", "Tensors", "Threads", "CChecksums"]),
    .target(name: "Tracing", dependencies: ["Clocks", "Tensors"]),
    .target(
      name: "Reporting", dependencies: ["Clocks", "Files", "Tensors", "Threads", "Communication", "Tracing", "CPNG"]),
    .target(
      name: "EventFiles",
      dependencies: ["Files", "Checkpoints", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Generated/event.proto", "Generated/README.md"]),
    .target(
      name: "Exporting",
      dependencies: [
        "Files", "Tensors", "Communication", "Graphs", "Programs", "Layers", "NumPyFiles", "Checkpoints",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ], exclude: ["Generated/onnx.proto", "Generated/README.md"]),
    .target(name: "Forecasting", dependencies: ["Files", "Reporting"]),
    .target(name: "Measures", dependencies: ["Communication", "COpenBLAS"]),
    .target(
      name: "Evaluation",
      dependencies: [
        "Measures", "Tensors", "Kernels", "Communication", "Graphs", "Programs", "Layers", "Models", "Optimization",
        "Datasets",
      ]),
    .target(
      name: "Training",
      dependencies: [
        "CKernels", "CSignals", "Clocks", "Tracing", "Files", "Tensors", "Threads", "Kernels", "Communication",
        "Graphs", "Programs", "Layers", "Models", "Optimization", "Datasets", "Checkpoints", "Reporting", "EventFiles",
        "Exporting", "Forecasting", "Evaluation", "Measures", "NumPyFiles", "Yams",
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Programs and tests.
    .executableTarget(
      name: "lockstep",
      dependencies: [
        "CKernels", "Clocks", "Files", "Tensors", "Kernels", "Communication", "Diagnostics", "Datasets", "Checkpoints",
        "Reporting", "Evaluation", "Exporting", "Forecasting", "Measures", "NumPyFiles",
        "Training", .product(name: "Logging", package: "swift-log"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "efficient-attention",
      dependencies: [
        "Tensors", "Graphs", "Layers", "Models", "Kernels", "Communication", "Training",
        .product(name: "Logging", package: "swift-log"),
      ], path: "Sources/Examples/efficient-attention"),
    .testTarget(
      name: "ExamplesTests",
      dependencies: ["lockstep", "efficient-attention", "TestSupport", "Graphs", "Layers", "Tensors"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Tensors", "CKernels"]),
    .executableTarget(
      name: "communication-probe", dependencies: ["Communication", "CMPI"], path: "Tests/Probes/communication-probe"),
    .testTarget(name: "CommunicationTests", dependencies: ["Communication", "Tensors"]),
    .target(
      name: "TestSupport", dependencies: ["Programs", "Graphs", "Kernels", "Tensors", "Communication"],
      path: "Tests/TestSupport"),
    .testTarget(name: "GraphsTests", dependencies: ["TestSupport", "Graphs", "Kernels", "Tensors"]),
    .testTarget(
      name: "ProgramsTests",
      dependencies: ["TestSupport", "Programs", "CKernels", "Kernels", "Graphs", "Tensors", "Communication"]),
    .target(name: "CAllocationCounter", path: "Tests/Probes/CAllocationCounter", cSettings: c),
    .executableTarget(
      name: "allocation-probe",
      dependencies: [
        "CAllocationCounter", "CKernels", "Clocks", "Kernels", "Communication", "Datasets", "Reporting", "Training",
      ],
      path: "Tests/Probes/allocation-probe"),
    .target(name: "CReaderWatch", dependencies: ["CJPEG"], path: "Tests/Probes/CReaderWatch", cSettings: c),
    .executableTarget(
      name: "reader-probe",
      dependencies: [
        "CReaderWatch", "CZlib", "Checkpoints", "Communication", "Datasets", "Files", "Forecasting", "NumPyFiles",
        "Reporting", "Tensors", "Training",
      ],
      path: "Tests/Probes/reader-probe"),
    .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics", "Communication", "Kernels"]),
    .testTarget(name: "LayersTests", dependencies: ["TestSupport", "Models", "Layers", "Graphs", "Tensors"]),
    .testTarget(
      name: "OptimizationTests",
      dependencies: ["TestSupport", "Optimization", "Layers", "Programs", "Graphs", "Tensors", "Communication"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "TestSupport", "Training", "Models", "Layers", "Optimization", "Programs", "Graphs", "Kernels", "Datasets",
        "Tensors",
        "Communication", "Checkpoints", "Clocks", "Forecasting", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Evaluation", "Measures", "Models", "Layers", "Programs", "Datasets", "Tensors", "Communication",
      ]),
    .testTarget(name: "MeasuresTests", dependencies: ["Measures", "Communication"]),
    .testTarget(
      name: "LockstepTests",
      dependencies: ["TestSupport", "Checkpoints", "Exporting", "NumPyFiles", "Files", "Tensors"]),
    .testTarget(name: "NumPyFilesTests", dependencies: ["NumPyFiles", "Files", "Tensors"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "NumPyFiles", "Files", "Tensors", "CImages", "CJPEG", "CZlib"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "Clocks", "Files", "Tensors"]),
    .testTarget(name: "TracingTests", dependencies: ["Tracing", "Clocks"]),
    .testTarget(
      name: "ReportingTests", dependencies: ["Reporting", "Communication", "Files", "Tensors", "Tracing", "CPNG"]),
    .testTarget(name: "EventFilesTests", dependencies: ["EventFiles", "Files"]),
    .testTarget(
      name: "ExportingTests",
      dependencies: ["Exporting", "Checkpoints", "Files", "Graphs", "Layers", "NumPyFiles", "Tensors"]),
    .testTarget(name: "ForecastingTests", dependencies: ["Forecasting", "Files", "Reporting"]),
  ],
  cLanguageStandard: .gnu2x
)
