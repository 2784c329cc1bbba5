// These stand before Swift's own functions of the same names and types, which write no message in optimized
// builds: who breaks a rule there would see a trap and not learn which rule.

/// Ends the program with a message, in optimized builds too, unless a condition holds.
@inlinable
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = String(),
  file: StaticString = #file, line: UInt = #line
) {
  if !condition() { preconditionFailure(message(), file: file, line: line) }
}

/// Ends the program with a message, in optimized builds too.
@usableFromInline
@inline(never)
package func preconditionFailure(
  _ message: @autoclosure () -> String = String(), file: StaticString = #file, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
