/// Runs `body` on an event loop and a thread of its own, and waits for its end: one more loop beside the caller's.
///
/// ```swift
/// let sum = try await withLoop { loop in
///   let results = try await gather(over: 1...10) { number in try await work(number) }
///   return results.reduce(0, +)
/// }
/// ```
///
/// The thread serves nothing else meanwhile, so loops never wait for each other's threads, nor for those of
/// ``ThreadPool/shared``. May be called from any task, on a loop or elsewhere. The body has the calling task's task-local
/// values.
///
/// - Parameters:
///   - name: The thread's name, at most 15 bytes.
///   - body: What to run, isolated to the new loop's actor.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`. If the calling task is cancelled, so is `body`, and its end is awaited.
///   ``IOError`` if the kernel has no descriptor or thread for the loop.
public func withLoop<Success>(
  name: String = "epollloop", _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
) async throws -> sending Success {
  try Task.checkCancellation()
  return try await EventLoop().runOnThread(named: name, body)
}

/// Calls a function that blocks on a thread of its own, and suspends the caller meanwhile.
///
/// - Parameters:
///   - name: The thread's name.
///   - cancel: Called, on any thread, if the calling task is cancelled.
///   - start: Called in the calling task when there is a thread for the work, which may have begun.
///   - work: The function. It may block for as long as it likes: no other one waits for its thread.
/// - Throws: The error of `work`; ``IOError`` if no thread can be started.
package func onThread<Success>(
  named name: String, onCancel cancel: @escaping @Sendable () -> Void, onStart start: () -> Void = {},
  _ work: @escaping @Sendable () throws -> sending Success
) async throws -> sending Success {
  let core = LoopCore.currentIfAny
  // A virtual clock stands still as long as a thread is at work.
  core?.holds += 1
  defer { core?.holds -= 1 }
  let call = ThreadCall(work)
  await withTaskCancellationHandler {
    await withUnsafeContinuation { continuation in
      if call.make(on: name, { continuation.resume() }) { start() }
    }
  } onCancel: {
    cancel()
  }
  return try call.takeResult()
}

/// A call that a thread makes, and its result.
// SAFETY: the thread alone touches it from `make` until it calls `done`.
private final class ThreadCall<Success>: @unchecked Sendable {
  private var work: (() throws -> Success)?
  private var result: Result<Success, any Error>?

  init(_ work: @escaping () throws -> Success) {
    self.work = work
  }

  /// Has a thread make the call.
  ///
  /// - Parameter done: Called when the call has been made, or will never be.
  /// - Returns: False if there is no thread for it.
  func make(on name: String, _ done: @escaping @Sendable () -> Void) -> Bool {
    do throws(Errno) {
      try ThreadCache.shared.run(named: name) { [self] in
        // What it has captured is released before its caller goes on.
        if let work = work.take() { result = Result { try work() } }
        done()
      }
      return true
    } catch {
      result = .failure(IOError(.startThread, error))
      done()
      return false
    }
  }

  func takeResult() throws -> sending Success {
    guard let result else { preconditionFailure("A thread went on without a result") }
    self.result = nil
    // SAFETY: the thread has let go of it.
    nonisolated(unsafe) let value = try result.get()
    return value
  }
}

extension EventLoop {
  /// Cancels the body of the present run, or of the first one if none has begun; from any thread.
  ///
  /// Has no effect once the run has ended.
  package func cancelRun() {
    _ = inbox.submit(.call { [bound] in bound.open("cancelRun").mainRecord?.cancel() })
  }
}
