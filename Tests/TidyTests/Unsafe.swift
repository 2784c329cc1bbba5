/// What gets round the compiler's checks, and the files that may, each with its reason.
enum Unsafe {
  /// Must have a SAFETY comment, wherever they stand.
  static let needingReason: Set = ["@unchecked", "nonisolated(unsafe)", "unsafeBitCast", "unsafeDowncast"]

  /// What the files may use.
  static let allowed: [String: Set<String>] = [
    // Closures and results cross from the loop's thread to a pool's and back; the stages order it.
    "Sources/EpollLoop/Tasks/OffloadedCall.swift": ["nonisolated(unsafe)", "Unmanaged"],
    // Both are used by one thread after the other: the desk hands the call from the loop's to a pool's.
    "Sources/EpollLoop/Tasks/CallWithLocals.swift": ["@unchecked"],
    // Calls wait and come back in chains and arrays that own them: a reference would be counted by two threads.
    "Sources/EpollLoop/Tasks/OffloadDesk.swift": ["Unmanaged", "unsafeDowncast"],
    // The state stands behind a lock that the compiler does not know.
    "Sources/EpollLoop/Tasks/ThreadPool.swift": ["nonisolated(unsafe)", "Unmanaged"],
    "Sources/EpollLoop/Loop/Inbox.swift": ["nonisolated(unsafe)"],
    "Sources/EpollLoop/Loop/LoopDirectory.swift": ["nonisolated(unsafe)"],
    // A small value names its loop; a reference would be counted for each task.
    "Sources/EpollLoop/Loop/LoopLink.swift": ["Unmanaged"],
    // The lock itself.
    "Sources/EpollLoop/System/ThreadLock.swift": ["nonisolated(unsafe)"],
    // Tasks live in lists by their addresses.
    "Sources/EpollLoop/Tasks/SpawnedTask.swift": ["Unmanaged"],
    // What a task does is carried into it and need not be Sendable. A reference there to the task's record would be
    // counted by each.
    "Sources/EpollLoop/Tasks/TaskWork.swift": ["@unchecked", "Unmanaged"],
    // A value that has no static type is read as the type that was put there.
    "Sources/EpollLoop/System/Untyped.swift": ["unsafeBitCast"],
    "Sources/EpollLoop/Tasks/Spawn.swift": ["@unchecked", "nonisolated(unsafe)"],
    "Sources/EpollLoop/Tasks/Run.swift": ["nonisolated(unsafe)"],
    // Work, calls and test bodies cross to an actor or thread whose end their caller waits for.
    "Sources/EpollLoop/Tasks/InLoopActor.swift": ["@unchecked"],
    // A task of a loop's actor is created outside of that actor.
    "Sources/EpollLoop/Tasks/ThreadRun.swift": ["@unchecked", "nonisolated(unsafe)", "unsafeBitCast"],
    "Sources/EpollLoop/Tasks/WithLoop.swift": ["@unchecked", "nonisolated(unsafe)"],
    "Sources/EpollLoopTesting/Fixture.swift": ["@unchecked", "nonisolated(unsafe)"],
    "Sources/EpollLoop/System/ThreadCache.swift": ["nonisolated(unsafe)"],
    // Creates tasks with both an actor and a task executor, which no initializer of Task does.
    "Sources/EpollLoop/Loop/TaskCreation.swift": ["unsafeBitCast", "@_inheritActorContext"],
    // What the exit(3) after an async main needs: its handler is a C function without an argument.
    "Sources/EpollLoop/Tasks/AsyncMain.swift": ["nonisolated(unsafe)"],
    // The same error, thrown on, is known by its address alone.
    "Sources/EpollLoop/Tasks/SeenErrors.swift": ["unsafeBitCast"],
    // A closure travels through C to a new thread.
    "Sources/EpollLoop/System/Thread.swift": ["Unmanaged"],
    // A buffer is written by its sole owner, and read-only from then on.
    "Sources/EpollLoop/Loop/BufferPool.swift": ["@unchecked"],
    // It compares the thread's loop with its own, at each opening.
    "Sources/EpollLoop/Loop/LoopBound.swift": ["@unchecked"],
    // Jobs, records, callbacks and registrations stand in tables as addresses: a reference there costs
    // a retain and a release for each wake-up.
    "Sources/EpollLoop/Loop/Callback.swift": ["Unmanaged"],
    "Sources/EpollLoop/Loop/Waiter.swift": ["Unmanaged", "unsafeBitCast"],
    // Executors are compared by their addresses.
    "Sources/EpollLoop/Loop/WaitInPlace.swift": ["unsafeBitCast"],
    // The table of actors that wait stands behind a lock; they are known by the addresses of their executors.
    "Sources/EpollLoop/Loop/ActorWaits.swift": ["nonisolated(unsafe)", "unsafeBitCast"],
    // A closure travels through C to a new thread.
    "Sources/Demos/SyncMain/Elsewhere.swift": ["Unmanaged"],
    "Sources/Demos/ExistingProgram/ExistingProgram.swift": ["Unmanaged"],
    // It calls fork(2), which Swift does not declare.
    "Sources/Demos/SyncExistingProgram/Parts.swift": ["unsafeBitCast"],
    // A task is kept by its address.
    "Sources/EpollLoop/System/RunningTask.swift": ["Unmanaged"],
    "Sources/EpollLoop/Loop/MainQueueGuest.swift": ["Unmanaged"],
    // The control runs on Swift's own pool, which has one thread there.
    "Sources/Demos/LoopBench/Tasks.swift": ["nonisolated(unsafe)"],
    // An offloaded call leaves a number for the task that waits for it.
    "Sources/Demos/LoopBench/Tool.swift": ["@unchecked"],
    "Sources/EpollLoop/Loop/LoopCore.swift": ["Unmanaged"],
    "Sources/EpollLoop/Loop/Parking.swift": ["@unchecked", "unsafeBitCast", "Unmanaged"],
    "Sources/EpollLoop/Loop/Registration.swift": ["Unmanaged"],
    "Sources/EpollLoop/Loop/TaskRecord.swift": ["unsafeBitCast", "Unmanaged"],
    "Sources/EpollLoop/Loop/TaskTable.swift": ["Unmanaged"],
    "Sources/EpollLoop/Loop/Tick.swift": ["unsafeBitCast", "Unmanaged"],
    // The only file that knows Swift's experimental executor interface.
    "Sources/EpollLoop/Loop/RuntimeTakeover.swift": [
      "@unchecked", "nonisolated(unsafe)", "unsafeBitCast", "@_spi",
    ],
    // A span that lives as long as its chunk is borrowed, which the compiler cannot know of memory behind a pointer.
    "Sources/EpollLoop/IO/Chunk.swift": ["@_lifetime"],
    // Queues and their kin may be held anywhere and compare the thread's loop with their own at each use.
    "Sources/EpollLoop/Sync/Queue.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Channel+Sender.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Channel+Receiver.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Broadcast.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Broadcast+Subscription.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Watch.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/Once.swift": ["@unchecked"],
    "Sources/EpollLoop/Sync/KeyedLimiter.swift": ["@unchecked"],
    // One caller wins the claim, and its outcome goes to the loop's thread.
    "Sources/EpollLoop/Sync/Promise.swift": ["@unchecked"],
    // A pair of streams in memory stays on the loop on which it was made; its calls trap elsewhere.
    "Sources/EpollLoopTesting/MemoryStream.swift": ["@unchecked", "nonisolated(unsafe)"],
  ]

  /// The unsafe words of a line of code; an underscored attribute counts as itself.
  static func words(in line: String) -> [String] {
    line.words.compactMap { word in
      switch word.text {
      case "unsafeBitCast", "unsafeDowncast", "Unmanaged": word.text
      case "unchecked" where word.before == "@": "@unchecked"
      case "nonisolated" where word.after.hasPrefix("(unsafe)"): "nonisolated(unsafe)"
      case _ where word.before == "@" && word.text.hasPrefix("_"): "@\(word.text)"
      default: nil
      }
    }
  }

  /// Unsafe words outside the files that may use them.
  static func strays(_ files: [SourceFile], allowed: [String: Set<String>]) -> [String] {
    files.flatMap { file in
      file.code.enumerated().flatMap { number, line in
        words(in: line).filter { allowed[file.path]?.contains($0) != true }.map { file.offence(number, $0) }
      }
    }
  }

  /// Permissions that nobody uses any more.
  static func unused(_ files: [SourceFile], allowed: [String: Set<String>]) -> [String] {
    var unused = allowed
    for file in files { unused[file.path]?.subtract(file.code.flatMap(words(in:))) }
    return unused.flatMap { path, words in words.map { "\(path): \($0)" } }.sorted()
  }
}
