/// A value whose static type was given up, with its type again.
///
/// What tasks and calls return is kept as `Any`: a generic object costs a look-up of its type when it is
/// made and another when it goes. The types are known to be the same.
@inlinable
func untyped<Value>(_ value: Any) -> Value {
  /// The value, with the type that it was kept with.
  func open<Kept>(_ value: Kept) -> Value {
    // SAFETY: the types are the same. A cast would ask the runtime.
    Kept.self == Value.self ? unsafeBitCast(value, to: Value.self) : cast(value)
  }
  return open(value)
}

/// The same for an existential type, such as `Any`, which a value loses when it is kept as `Any`.
@usableFromInline
@inline(never)
func cast<Value>(_ value: Any) -> Value {
  guard let value = value as? Value else { preconditionFailure("A value was kept as another type") }
  return value
}

/// Memory for one value without a static type, in an object that is not generic.
///
/// A value that takes at most a word and is nothing but its bytes is stored as these; any other one is boxed.
@usableFromInline
struct UntypedStorage {
  @usableFromInline var boxed: Any?
  @usableFromInline var word: UInt = 0

  @inlinable
  init() {}

  /// Stores a value, once.
  @inlinable
  mutating func keep<Value>(_ value: Value) {
    if UntypedStorage.fitsWord(Value.self) {
      // SAFETY: it fits, and needs no destroying.
      withUnsafeMutableBytes(of: &word) { $0.storeBytes(of: value, as: Value.self) }
    } else {
      boxed = value
    }
  }

  /// The value that was stored, of the same type.
  ///
  /// - Precondition: A value was stored.
  @inlinable
  mutating func value<Value>(as type: Value.Type) -> Value {
    if UntypedStorage.fitsWord(type) {
      // SAFETY: `keep` has stored it, as the same type.
      return withUnsafeBytes(of: &word) { $0.load(as: type) }
    }
    guard let boxed else { preconditionFailure("A task or a promise has succeeded without a value") }
    return untyped(boxed)
  }

  @inlinable
  static func fitsWord<Value>(_ type: Value.Type) -> Bool {
    _isPOD(type) && MemoryLayout<Value>.size <= MemoryLayout<UInt>.size
  }
}
