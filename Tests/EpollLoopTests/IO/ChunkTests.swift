import EpollLoop
import Testing

@Suite struct ChunkTests {
  private let bytes = pattern(65_536)

  @Test func `a chunk, and a part of it, are copied whole`() {
    let chunk = Chunk(bytes)
    #expect(Array(chunk) == bytes)
    #expect(Array(chunk[100..<20_000]) == Array(bytes[100..<20_000]))
    #expect(Array(chunk[5..<5]).isEmpty)
    var all: [UInt8] = [1, 2]
    all += chunk.dropFirst(65_000)
    all.append(contentsOf: chunk.prefix(0))
    #expect(all == [1, 2] + bytes.dropFirst(65_000))
  }

  @Test func `a byte is found at its position, in a part too`() {
    let chunk = Chunk("abcabc".utf8)
    #expect(chunk.firstIndex(of: UInt8(ascii: "b")) == 1)
    #expect(chunk.dropFirst(2).firstIndex(of: UInt8(ascii: "b")) == 4)
    #expect(chunk.prefix(3).firstIndex(of: UInt8(ascii: "d")) == nil)
    #expect(chunk.dropFirst(5).firstIndex(of: UInt8(ascii: "b")) == nil)
    #expect(chunk.contains(UInt8(ascii: "c")) && !chunk.prefix(2).contains(UInt8(ascii: "c")))
    #expect(chunk.prefix(0).firstIndex(of: 0) == nil)
  }

  @Test func `chunks with the same bytes are equal, wherever they stand`() {
    let (one, other) = (Chunk(bytes), Chunk(bytes))
    #expect(one == other && one.hashValue == other.hashValue)
    let (part, same) = (Chunk("xabcabc".utf8)[1..<4], Chunk("abc".utf8))
    #expect(part == same && Set([part, same, part.dropFirst(0)]).count == 1)
    #expect(part != Chunk("abd".utf8) && part != Chunk("ab".utf8) && part.dropFirst() != part.dropLast())
    #expect(part.prefix(0) == Chunk([] as [UInt8]) && one.prefix(0) != same)
    #expect(one.dropLast() != one && one[0..<300] == other[0..<300] && one[1..<300] != other[0..<299])
  }

  @Test func `a loop gives each byte once`() {
    var seen: [UInt8] = []
    for byte in Chunk(bytes)[1000..<2000] { seen.append(byte) }
    #expect(seen == Array(bytes[1000..<2000]))
    let chunk = Chunk("ab".utf8)
    var iterator = chunk.makeIterator()
    #expect([iterator.next(), iterator.next(), iterator.next(), iterator.next()] == [97, 98, nil, nil])
  }

  @Test func `only as much is copied as there is room for`() {
    let chunk = Chunk(bytes)[10..<20]
    let target = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4)
    defer { target.deallocate() }
    var (rest, count) = chunk._copyContents(initializing: target)
    #expect(count == 4 && Array(target) == Array(bytes[10..<14]))
    #expect(rest.next() == bytes[14])
    let empty = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    #expect(chunk._copyContents(initializing: empty).1 == 0)
  }

  @Test func `its spans show its bytes`() {
    let chunk = Chunk(bytes)[100..<110]
    let span = chunk.span
    let (count, byte) = (span.count, span[3])
    #expect(count == 10 && byte == bytes[103])
    let raw = chunk.bytes
    let last = raw.unsafeLoad(fromByteOffset: 9, as: UInt8.self)
    #expect(raw.byteCount == 10 && last == bytes[109])
    let part = chunk.prefix(0)
    let isEmpty = part.span.isEmpty
    #expect(isEmpty)
  }

  @Test(arguments: [10, 65_536]) func `a collection whose count is wrong makes a chunk of its real bytes`(claim: Int) {
    #expect(Chunk(Liar(claims: claim, bytes: [1, 2, 3])).elementsEqual([1, 2, 3]))
    #expect(Chunk(Liar(claims: 0, bytes: [1, 2, 3], isContiguous: true)).elementsEqual([1, 2, 3]))
  }

  @Test(arguments: [true, false])
  func `a collection that has more bytes than it says, and than a chunk holds, traps`(isContiguous: Bool) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [isContiguous] in
      let bytes = [UInt8](repeating: 1, count: 100_000)
      _ = Chunk(Liar(claims: 3, bytes: bytes, isContiguous: isContiguous))
    }
    #expect(names("A chunk holds at most 65,536 bytes", result))
  }
}

/// A collection that is wrong about its count.
private struct Liar: Collection {
  let claims: Int
  let bytes: [UInt8]
  var isContiguous = false

  var count: Int { claims }
  var startIndex: Int { 0 }
  var endIndex: Int { bytes.count }
  func index(after index: Int) -> Int { index + 1 }
  subscript(index: Int) -> UInt8 { bytes[index] }
  func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    isContiguous ? try bytes.withContiguousStorageIfAvailable(body) : nil
  }
}
