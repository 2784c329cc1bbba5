import EpollLoop

nonisolated func body10() throws {
try EventLoop().run {
let (sender, receiver) = Channel<String>.open(capacity: 16)
spawn {
  for word in ["one", "two"] { try await sender.send(word) }
  sender.close()
}
var words: [String] = []
for try await word in receiver { words.append(word) }
print(words)  // ["one", "two"]
}
}
