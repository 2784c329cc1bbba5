import Dispatch
import EpollLoop
import EpollLoopMain
import Glibc

// A synchronous program that was written without this library, but for the imports: Dispatch has the main thread.

nonisolated func assumeMainActor() { MainActor.assumeIsolated {} }

Task { @MainActor in
  assumeMainActor()
  try await Task.sleep(for: .milliseconds(1))
  let sum = await withTaskGroup(of: Int.self) { group in
    for number in 1...100 { group.addTask { number } }
    var sum = 0
    for await number in group { sum += number }
    return sum
  }
  let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
  async let accepted = listener.accept()
  let client = try await Connection.tcp(to: listener.localAddress)
  try await client.write("hello")
  let text = try await accepted.read().map { String(decoding: $0, as: UTF8.self) }
  print("\(sum) \(text ?? "")")
  DispatchQueue.main.async {
    assumeMainActor()
    Task { exit(0) }
  }
}
dispatchMain()
