import EpollLoop
import EpollLoopMain
import Glibc

/// What a plain `async main` may do under EpollLoopMain, one thing for each word on the command line.
@main
struct AsyncMain {
  private static let words =
    "sleep | listen | leave | exit | uninterrupted | pipe | interrupt[-twice | -last | -exit] | foreign | child"

  static func main() async throws {
    switch CommandLine.arguments.dropFirst().first {
    case "uninterrupted":
      // The signal keeps the action that the program has set: none.
      spawn { kill(getpid(), SIGINT) }
      try await sleep(for: .seconds(3600))
    case "pipe":
      while true { print("a line for a reader that is gone") }
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
      try EventLoop.cancelMain(on: [.interrupt])
      // A main-actor task that comes before main has suspended is not taken for main.
      Task { @MainActor in print("another task") }
      spawn { kill(getpid(), SIGINT) }
      do {
        try await sleep(for: .seconds(3600))
      } catch {
        print("main was cancelled: \(error)")
      }
    case "interrupt-twice":
      try EventLoop.cancelMain(on: [.interrupt, .terminate])
      spawn { kill(getpid(), SIGINT) }
      do { try await sleep(for: .seconds(3600)) } catch { kill(getpid(), SIGTERM) }
      // Cancelled, it goes on all the same.
      while true { await yield() }
    case "interrupt-last":
      try EventLoop.cancelMain(on: [.interrupt])
      try await sleep(for: .milliseconds(1))
      kill(getpid(), SIGINT)
      print("main has ended")
    case "interrupt-exit":
      try EventLoop.cancelMain(on: [.interrupt])
      // It is called after the loop's own.
      atexit {
        kill(getpid(), SIGINT)
        print("the interrupt was lost")
      }
      try await sleep(for: .milliseconds(1))
    case "foreign":
      try EventLoop.cancelMain(on: [.interrupt])
      let thread = try pausedThread()
      spawn { pthread_kill(thread, SIGINT) }
      do {
        try await sleep(for: .seconds(3600))
      } catch {
        print("main was cancelled: \(error)")
      }
    case "child":
      try EventLoop.cancelMain(on: [.interrupt])
      waitpid(try startedCat(), nil, 0)
      _ = try await offload { waitpid(try startedCat(), nil, 0) }
    default:
      print("usage: async-main \(words)")
      exit(64)
    }
  }
}

/// What a call of the C library returned instead of zero.
struct CallError: Error {
  let code: Int32
}

/// Starts a thread as a library may have one: it blocks no signal, and is not the loop's.
nonisolated func pausedThread() throws -> pthread_t {
  var thread = pthread_t()
  let code = pthread_create(&thread, nil, { _ in while true { pause() } }, nil)
  guard code == 0 else { throw CallError(code: code) }
  return thread
}

/// Starts a program that writes what it knows of itself, its signals among it, posix_spawn(3).
nonisolated func startedCat() throws -> pid_t {
  var words = [strdup("cat"), strdup("/proc/self/status"), nil]
  defer { for word in words { free(word) } }
  var pid: pid_t = 0
  let code = posix_spawn(&pid, "/bin/cat", nil, nil, &words, environ)
  guard code == 0 else { throw CallError(code: code) }
  return pid
}
