/// What a task does, as a value that its closure holds.
///
/// The tools that start tasks are generic, public and compiled in the module that uses them; each has its own kind of
/// work, which is compiled with it into the closure of the task.
@usableFromInline
protocol TaskWork: SendableMetatype {
  /// Does the work, in the isolation and on behalf of a task; what it throws is the error of the task.
  nonisolated(nonsending) func run(for task: LentTask) async throws
}

/// A body whose value the task keeps.
@usableFromInline
struct ValueWork<Success>: TaskWork {
  @usableFromInline let body: () async throws -> Success

  @inlinable
  init(_ body: @escaping () async throws -> Success) {
    self.body = body
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    let value = try await body()
    task.lend { $0.keep(value) }
  }
}

/// A body for an item, whose value the task keeps.
@usableFromInline
struct ItemWork<Item, Success>: TaskWork {
  @usableFromInline let item: Item
  @usableFromInline let body: (Item) async throws -> Success

  @inlinable
  init(_ item: Item, _ body: @escaping (Item) async throws -> Success) {
    self.item = item
    self.body = body
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    let value = try await body(item)
    task.lend { $0.keep(value) }
  }
}

/// The record of a task, which its list retains until the task has ended: a reference would be counted.
@usableFromInline
struct LentTask {
  @usableFromInline let record: Unmanaged<SpawnedTask>

  @inlinable
  init(_ task: SpawnedTask) {
    record = .passUnretained(task)
  }

  /// Lends the record; before the end of the task only.
  @inlinable
  @inline(__always)
  func lend<Result>(_ body: (SpawnedTask) -> Result) -> Result {
    record._withUnsafeGuaranteedRef(body)
  }
}

/// What the closure of a task holds: the work, and the record of the task.
// SAFETY: the task runs in the isolation of the code that starts it, or as nonisolated code on that code's loop: in both
// cases on the same thread.
@usableFromInline
struct TaskStart<Work: TaskWork>: @unchecked Sendable {
  @usableFromInline let task: LentTask
  @usableFromInline let work: Work
  @usableFromInline let skipsIfCancelled: Bool

  @inlinable
  init(_ task: SpawnedTask, _ work: Work, skipsIfCancelled: Bool) {
    self.task = LentTask(task)
    self.work = work
    self.skipsIfCancelled = skipsIfCancelled
  }

  /// Does the work, and ends the task: the last that the task does.
  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run() async {
    guard task.lend({ $0.begin(unlessCancelled: skipsIfCancelled) }) else { return }
    do {
      try await work.run(for: task)
      task.lend { $0.succeed() }
    } catch {
      task.lend { $0.fail(error) }
    }
  }
}
