import EpollLoop

let options = Options.parse(Array(CommandLine.arguments.dropFirst()))

EventLoop.runMain {
  let server = try EchoServer(options)
  say("listening on \(server.address)")
  await server.serve()
  say(server.summary)
}
