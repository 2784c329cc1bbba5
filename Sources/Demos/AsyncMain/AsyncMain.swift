import EpollLoop
import EpollLoopMain
import Glibc

/// What a plain `async main` may do under EpollLoopMain, one thing for each word on the command line.
@main
struct AsyncMain {
  static func main() async throws {
    switch CommandLine.arguments.dropFirst().first {
    case "sleep":
      try await sleep(for: .milliseconds(1))
      print("slept")
    case "listen":
      let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
      print(listener.localAddress.host)
    case "leave":
      spawn {
        do {
          try await sleep(for: .seconds(3600))
        } catch {
          await yield()
          print("the spawned task has ended: \(error)")
        }
      }
      await yield()
      print("main has ended")
    case "exit":
      spawn { exit(3) }
      try await sleep(for: .seconds(3600))
    case "interrupt":
      // A main-actor task that comes before main has suspended is not taken for main.
      Task { @MainActor in print("another task") }
      spawn { kill(getpid(), SIGINT) }
      do {
        try await sleep(for: .seconds(3600))
      } catch {
        print("main was cancelled: \(error)")
      }
    default:
      print("usage: async-main sleep | listen | leave | exit | interrupt")
      exit(64)
    }
  }
}
