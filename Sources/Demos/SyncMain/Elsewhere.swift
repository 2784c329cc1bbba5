import EpollLoop
import Glibc

/// An actor with an executor of its own: a thread.
actor Elsewhere {
  private let executor = ThreadExecutor()
  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func sleep() async throws { try await Task.sleep(for: .milliseconds(1)) }
}

/// Runs each job on a thread that is started for it.
final class ThreadExecutor: SerialExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    let executor = asUnownedSerialExecutor()
    let run = Unmanaged.passRetained(Run { job.runSynchronously(on: executor) })
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        // SAFETY: it was retained for this one use.
        if let argument { Unmanaged<Run>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, run.toOpaque())
    precondition(code == 0)
    pthread_detach(thread)
  }

  private final class Run: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}

/// Runs a loop for the process on another thread than the main one.
nonisolated func startThread() throws {
  var thread = pthread_t()
  let code = pthread_create(
    &thread, nil,
    { _ in
      do { try EventLoop.run {} } catch { print(error) }
      return nil
    }, nil)
  precondition(code == 0)
}
