import EpollLoop
import Glibc

let options = Options.parse(Array(CommandLine.arguments.dropFirst()))

do {
  let broken = try EventLoop.run { try await Tour(options).run() }
  for rule in broken { complain("asyncio-tour: broken: \(rule)") }
  exit(broken.isEmpty ? 0 : 1)
} catch {
  complain("asyncio-tour: \(error)")
  exit(1)
}
