import Dispatch
import EpollLoopMain
import Glibc

/// A program that was written without this library, but for the import: one thing for each word on the command line.
@main
struct ExistingProgram {
  private static let words = "thread | actor | preference | immediate | main-queue | assume"

  static func main() async throws {
    switch CommandLine.arguments.dropFirst().first {
    case "thread":
      // Main's first wait is for a thread that the loop does not know.
      let value = try await withCheckedThrowingContinuation { next in
        do { try startThread { next.resume(returning: 7) } } catch { next.resume(throwing: error) }
      }
      print("a thread's value: \(value)")
    case "actor":
      print("an actor with an executor of its own: \(await QueueActor().value())")
    case "preference":
      try await withTaskExecutorPreference(QueueExecutor()) { try await Task.sleep(for: .milliseconds(1)) }
      print("slept on another executor")
    case "immediate":
      await withCheckedContinuation { next in
        DispatchQueue.global().async {
          Task.immediate {
            try? await Task.sleep(for: .milliseconds(1))
            next.resume()
          }
        }
      }
      print("slept in a task that another thread has started")
    case "main-queue":
      await withCheckedContinuation { next in
        DispatchQueue.main.async {
          assumeMainActor()
          next.resume()
        }
      }
      await withCheckedContinuation { next in
        DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(5)) { next.resume() }
      }
      await withCheckedContinuation { next in
        DispatchQueue.global().async {
          DispatchQueue.main.sync { assumeMainActor() }
          next.resume()
        }
      }
      print("the main queue has run")
    case "assume":
      await Task.detached { assumeMainActor() }.value
    case let word?:
      guard let ending = Ending(rawValue: word) else { fallthrough }
      try await ending.happen()
    case nil:
      print("usage: existing-program \(words) | \(Ending.allCases.map(\.rawValue).joined(separator: " | "))")
      exit(64)
    }
  }
}

/// Traps outside of the main actor.
nonisolated func assumeMainActor() { MainActor.assumeIsolated {} }

/// An error of pthread_create(3).
struct ThreadError: Error {
  let code: Int32
}

/// Calls a function on a new thread.
func startThread(_ body: @escaping @Sendable () -> Void) throws {
  final class Body: Sendable {
    let call: @Sendable () -> Void
    init(_ call: @escaping @Sendable () -> Void) { self.call = call }
  }
  var thread = pthread_t()
  let argument = Unmanaged.passRetained(Body(body)).toOpaque()
  let code = pthread_create(
    &thread, nil,
    { argument in
      if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().call() }
      return nil
    }, argument)
  if code != 0 { throw ThreadError(code: code) }
  pthread_detach(thread)
}

/// Runs jobs on a queue of Dispatch's.
final class QueueExecutor: TaskExecutor, SerialExecutor {
  private let queue = DispatchQueue(label: "executor")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async {
      job.runSynchronously(isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor())
    }
  }
}

/// An actor whose code does not run on the loop.
actor QueueActor {
  private let executor = QueueExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func value() -> Int { 5 }
}
