// refused in plain, inherit, main, both: 'permit' consumed more than once
import EpollLoop

@MainActor func twice(_ sender: Channel<Int>.Sender) async throws {
  let permit = try await sender.reserve()
  permit.send(1)
  permit.send(2)
}
