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
  .demo("one-thread-main", "OneThreadMain", ["OneThreadScenario", "EpollLoopMain"]),
  .target(
    name: "OneThreadScenario", dependencies: ["EpollLoop"], path: "Sources/Demos/OneThreadScenario",
    swiftSettings: settings),
  .executableTarget(
    name: "c-echo", path: "Sources/Demos/CEcho"),
]

extension Target {
  static func demo(_ name: String, _ folder: String, _ more: [Dependency] = []) -> Target {
    .executableTarget(
      name: name, dependencies: ["EpollLoop"] + more, path: "Sources/Demos/\(folder)", swiftSettings: settings)
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
    .target(name: "EpollLoop", dependencies: ["CEpollShim"], swiftSettings: settings),
    .target(name: "EpollLoopMain", dependencies: ["EpollLoop"]),
    .target(name: "EpollLoopTesting", dependencies: ["EpollLoop"], swiftSettings: settings),
  ] + demos
)
