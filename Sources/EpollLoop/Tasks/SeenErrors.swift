/// Errors that somebody has been told of, so that one that is thrown on is not told of twice.
///
/// A task that awaits another one's value throws that one's error on: not equal to it, but the same.
struct SeenErrors {
  /// By the address of their boxes, which stay theirs as long as they stand here.
  private var errors: [UInt: any Error] = [:]

  /// Remembers an error.
  mutating func insert(_ error: any Error) {
    errors[SeenErrors.address(of: error)] = error
  }

  /// Whether this very error stands here; an equal one that was thrown for itself does not count.
  func contains(_ error: any Error) -> Bool {
    errors[SeenErrors.address(of: error)] != nil
  }

  private static func address(of error: any Error) -> UInt {
    // SAFETY: without Objective-C an `any Error` is one word, the address of a box that is retained and
    // not copied when it is thrown on. The address is only compared.
    // `as` keeps the box from being opened.
    unsafeBitCast(error as any Error, to: UInt.self)
  }
}
