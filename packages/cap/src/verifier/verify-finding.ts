import type { DebugMap } from '../debug/debug-map.ts'
import { sourceOfFinding } from '../debug/finding-source.ts'

/**
 * What the verifier checks, one row a rule. Clauses are those of JCVM 3.1; a finding about one instruction also names
 * the instruction.
 */
const RULES = {
  structure: ['the components break the format or disagree with each other', 'ch. 6'],
  'applet-rid': ['an applet AID has another RID than its package', '§6.6'],
  'applet-install': ['install is not a static method ([BSB)V of a class that extends Applet', '§6.6'],
  'class-hierarchy': ['a class extends nothing, an interface, a final class or something that is no class', '§6.9'],
  'class-flags': ['the flags of a class are not those of what it extends and implements', '§6.9'],
  'override-type': ['a method overrides one with other types, a final one, or one that is more visible', '§6.9'],
  'abstract-method': ['a class that is not abstract has an abstract method', '§6.9'],
  'method-table': ['a method table leaves out methods that its class has', '§6.9'],
  'interface-map': ['a class does not give an interface the methods it declares', '§6.9'],
  'field-layout': ['a field does not lie where its type belongs', '§6.9, §6.11'],
  'descriptor-type': ['a type in Descriptor is not a type', '§6.14'],
  'descriptor-header': ['Descriptor and method header disagree', '§6.10, §6.14'],
  'descriptor-missing': ['a class, or a method or field in use, is not in Descriptor', '§6.14'],
  'descriptor-flags': ['flags in Descriptor contradict each other', '§6.14'],
  'descriptor-token': ['a token in Descriptor is not the one of its member', '§6.14'],
  'descriptor-handlers': ['Descriptor gives a method other exception handlers than lie in it', '§6.14'],
  'constant-type': ['the type of a constant pool entry is not that of what it names', '§6.14'],
  'no-such-member': ['a token or offset names nothing', '§6.8'],
  'opcode-undefined': ['the opcode is undefined or reserved', '§7.2'],
  'instruction-truncated': ['an instruction runs over the end of its method', '§6.10'],
  'code-falls-off': ['execution can run over the end of the method', '§6.10'],
  'branch-target': ['a branch does not land on an instruction of its method', '§7.5'],
  'switch-order': ['the cases of a switch are not in ascending order', '§7.5'],
  'local-range': ['a local variable outside the frame', '§6.10'],
  'constant-index': ['an index outside the constant pool', '§6.8'],
  'constant-kind': ['a constant pool entry of a kind that the instruction cannot use', '§7.5'],
  'operand-value': ['an operand has a value that means nothing', '§7.5'],
  'int-not-declared': ['int is used in a package without ACC_INT', '§6.4'],
  'reference-location': ['ReferenceLocation does not list the constant pool indices of the code', '§6.12'],
  'handler-range': ['an exception handler does not lie on instructions of one method', '§6.10'],
  'handler-type': ['an exception handler catches something that is no Throwable', '§6.10'],
  'stack-underflow': ['an instruction takes more than the operand stack holds', '§7.5'],
  'stack-overflow': ['the operand stack grows beyond max_stack', '§6.10'],
  'stack-type': ['a value on the operand stack is not what the instruction takes', '§7.5'],
  'int-split': ['an instruction separates the two words of an int', '§7.5'],
  'local-type': ['a local variable does not hold what the instruction takes', '§7.5'],
  'merge-depth': ['two paths meet with operand stacks of different depth', '§7.5'],
  'merge-stack': ['two paths meet with different types on the operand stack', '§7.5'],
  'receiver-type': ['the object is not of the class that has the method or field', '§7.5'],
  'argument-type': ['an argument is not of the type of its parameter', '§7.5'],
  'argument-count': ['the argument words are not those of the method', '§7.5'],
  'field-type': ['the field is not of the type the instruction reads or writes', '§7.5'],
  'return-type': ['the value returned is not of the type of the method', '§7.5'],
  'method-kind': ['the method cannot be called by this instruction', '§7.5'],
  'class-kind': ['a class stands where an interface is needed, or the other way round', '§7.5'],
  uninitialised: ['an object is used before its constructor ran', '§7.5'],
  'abstract-instance': ['new of an abstract class or an interface', '§7.5'],
  access: ['the member is not accessible here', '§7.5'],
  'final-field': ['a final field is written outside its constructor', '§7.5'],
  'return-address': ['a return address is used as something else, or not where it is one', '§7.5'],
  'too-complex': ['the paths of the package are too many to follow', 'none: a bound of our own'],
  'types-unknown': ['the types of a package are not known here', '§6.7'],
} as const

export type VerifyRule = keyof typeof RULES

/** Every rule: what its findings mean, and the clause of JCVM 3.1 that is broken. */
export const verifyRules: Readonly<Record<VerifyRule, { readonly meaning: string; readonly source: string }>> =
  Object.fromEntries(
    Object.entries(RULES).map(([rule, [meaning, clause]]) => [
      rule,
      { meaning, source: /^(§|ch)/.test(clause) ? `JCVM 3.1 ${clause}` : clause },
    ]),
  ) as Record<VerifyRule, { meaning: string; source: string }> // the keys are those of RULES

export interface VerifyFinding {
  readonly rule: VerifyRule
  /**
   * - `violation`: the package must not be loaded
   * - `unchecked`: types of an import are not known here, so this use of it stays unproven
   * - `tolerated`: converters in the field do it, and it cannot break type safety
   */
  readonly severity: 'violation' | 'unchecked' | 'tolerated'
  /** Label of the class as the disassembler writes it: `class0`. */
  readonly className?: string
  /** Of a class of the package itself: where it stands in Class. */
  readonly classOffset?: number
  /** Label of the method as the disassembler writes it, and what it is for its class if that is known. */
  readonly method?: string
  /** Of the method header, in Method. */
  readonly methodOffset?: number
  /** Of the instruction, counted from the first byte code of its method. */
  readonly pc?: number
  readonly message: string
  readonly source: string
}

/**
 * A finding as one line: `method3 (class0.process) +12 [stack-type] sadd takes a short ...`; with a debug map the line of
 * the Java source goes before it: `com/example/Purse.java:17: ...`.
 */
export function verifyFindingText(finding: VerifyFinding, map?: DebugMap): string {
  const { className, method, pc, rule, message } = finding
  const { source, line } = (map && sourceOfFinding(finding, map)) ?? {}
  const file = source === undefined ? undefined : `${source}:${line === undefined ? '' : `${line}:`}`
  const place = [file, method ?? className, pc === undefined ? undefined : `+${pc}`]
  return [...place.filter((word) => word !== undefined), `[${rule}]`, message].join(' ')
}
