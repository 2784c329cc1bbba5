import Glibc
import Testing

/// That programs which were written without this library run under EpollLoopMain.
@Suite struct ExistingProgramTests {
  @Test(
    arguments: [
      ("thread", "a thread's value: 7"), ("actor", "an actor with an executor of its own: 5"),
      ("preference", "slept on another executor"), ("immediate", "slept in a task that another thread has started"),
      ("main-queue", "the main queue has run"),
    ])
  func `other threads, executors and Dispatch's main queue resume main`(what: String, says: String) throws {
    let run = try Program.run("existing-program", [what])
    #expect(run.output == [says])
    #expect(run.error == [])
    #expect(run.exit == .code(0))
  }

  @Test func `a detached task is not in the main actor, although it is on its thread`() throws {
    let run = try Program.run("existing-program", ["assume"])
    #expect(run.exit == .signal(SIGILL) || run.exit == .signal(SIGTRAP))
    #expect(run.error.first?.contains("Incorrect actor executor assumption") == true)
  }

  @Test(
    arguments: [
      ("tour", "5050 hello"), ("immediate", "a task that waits before the loop's first turn"),
      ("elsewhere", "a task on another executor has slept"),
      ("elsewhere-later", "a task has slept on another executor"), ("in-place", "the main queue has run"),
      ("execute", "a call from another thread"), ("callback", "a callback"), ("storm", "100 rounds"),
      ("fork", "the child ended with 7"),
    ])
  func `where Dispatch has the main thread, its main queue runs the loop`(what: String, says: String) throws {
    let run = try Program.run("sync-existing-program", [what])
    #expect(run.output == [says])
    #expect(run.error == [])
    #expect(run.exit == .code(0))
  }

  @Test func `a run in a program whose loop has the thread traps, and says what to do`() throws {
    let run = try Program.run("sync-existing-program", ["run"])
    #expect(run.error.first?.contains("EventLoop.run was called in a program that imports EpollLoopMain") == true)
    #expect(run.exit != .code(0))
  }

  @Test func `a pipe whose reader is gone ends the program as without the library`() throws {
    let run = try Program.run(
      "/bin/sh", ["-c", "{ \"$0\" pipe; echo $? >&2; } | head -n 1", "\(try Program.folder())/async-main"])
    #expect(run.output == ["a line for a reader that is gone"])
    #expect(run.error == ["\(128 + SIGPIPE)"])
  }
}
