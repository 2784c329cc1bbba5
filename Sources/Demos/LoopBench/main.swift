import EpollLoop
import Glibc

let options = Options.parse(Array(CommandLine.arguments.dropFirst()))

switch options.command {
case .trial(let trial, let side, let size):
  Trial.runHere(trial, side, size)
case .measure(let subjects):
  do {
    try Bench(options.effort).run(subjects)
  } catch {
    complain("loop-bench: \(error)")
    exit(1)
  }
}
