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
