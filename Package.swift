// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Programs: public API only. `c-echo` is the control that the echo server is measured against.
let demos: [Target] = [
  .demo("echo-server", "EchoServer"),
  .demo("one-thread", "OneThread", ["OneThreadScenario"]),
  .demo("async-main", "AsyncMain", ["EpollLoopMain"]),
  .demo("sync-main", "SyncMain"),
  .demo("existing-program", "ExistingProgram", ["EpollLoopMain"]),
  .demo("runtime-tour", "RuntimeTour", ["EpollLoopMain"]),
  .demo("sync-existing-program", "SyncExistingProgram", ["EpollLoopMain"]),
  .demo("asyncio-tour", "AsyncioTour"),
  .demo("one-thread-main", "OneThreadMain", ["OneThreadScenario", "EpollLoopMain"]),
  .target(
    name: "OneThreadScenario", dependencies: ["EpollLoop"], path: "Sources/Demos/OneThreadScenario",
    swiftSettings: settings),
  .demo("loop-bench", "LoopBench", ["CTimerHeap"]),
  .target(name: "CTimerHeap", path: "Sources/Demos/CTimerHeap"),
  // Swift Testing, which `EpollLoopTesting` imports, exists as a shared library only.
  .demo("timer-stress", "TimerStress", ["EpollLoopTesting"], isStatic: false),
  .executableTarget(name: "c-echo", path: "Sources/Demos/CEcho"),
  .executableTarget(name: "c-load", path: "Sources/Demos/CLoad"),
]

let tests: [Target] = [
  .testTarget(
    name: "EpollLoopTests", dependencies: ["EpollLoop", "EpollLoopTesting", "CEpollShim", "CTestSettings"],
    swiftSettings: settings),
  .target(name: "CTestSettings", path: "Tests/CTestSettings"),
  // Tests as users write them in a target with this default isolation, and tests of XCTest.
  .testTarget(
    name: "FixtureTests", dependencies: ["EpollLoop", "EpollLoopTesting"],
    swiftSettings: settings + [.defaultIsolation(MainActor.self)]),
  // The programs are built beside the tests and found there.
  .testTarget(name: "DemoTests", exclude: ["Clients"], swiftSettings: settings),
  .testTarget(name: "TidyTests", swiftSettings: settings),
]

extension Target {
  static func demo(_ name: String, _ folder: String, _ more: [Dependency] = [], isStatic: Bool = true) -> Target {
    .executableTarget(
      name: name, dependencies: ["EpollLoop"] + more, path: "Sources/Demos/\(folder)", swiftSettings: settings,
      // The runtime's thread-local look-ups are cheaper without a shared library: 10 % fewer instructions.
      linkerSettings: isStatic ? [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))] : [])
  }
}

let package = Package(
  name: "EpollLoop",
  products: [
    .library(name: "EpollLoop", targets: ["EpollLoop"]),
    .library(name: "EpollLoopMain", targets: ["EpollLoopMain", "EpollLoop"]),
    .library(name: "EpollLoopTesting", targets: ["EpollLoopTesting"]),
  ],
  targets: [
    .target(name: "CEpollShim", path: "CEpollShim"),
    .target(
      name: "EpollLoop", dependencies: ["CEpollShim"],
      // BuiltinModule for Loop/TaskCreation.swift alone, which creates tasks with an actor and a task executor;
      // Lifetimes for the spans of IO/Chunk.swift.
      swiftSettings: settings + [.enableExperimentalFeature("BuiltinModule"), .enableExperimentalFeature("Lifetimes")]),
    .target(name: "EpollLoopMain", dependencies: ["EpollLoop"]),
    .target(name: "EpollLoopTesting", dependencies: ["EpollLoop", "CVirtualClock"], swiftSettings: settings),
    .target(name: "CVirtualClock"),
  ] + demos + tests
)
