import EpollLoop
import Glibc

let options = Options.parse(Array(CommandLine.arguments.dropFirst()))

do {
  try EventLoop.run(cancelOn: [.interrupt, .terminate]) {
    let server = try EchoServer(options)
    say("listening on \(server.address)")
    await server.serve()
    say(server.summary)
  }
} catch {
  complain("echo-server: \(error)")
  exit(1)
}
