import { ACC } from '../classfile/class-file.ts'
import { type JvmType, parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { UnsupportedFeature } from '../classfile/jvm-instruction.ts'
import type { IntSupport } from './analyse-methods.ts'
import type { ClassLibrary } from './class-library.ts'
import type { FindingPlace, Findings } from './findings.ts'
import { MISSING_FEATURES } from './java-subset.ts'
import {
  isAbstract,
  type JavaClass,
  type JavaCode,
  type JavaMethod,
  STATIC_INITIALISER,
  signatureKey,
  withoutAssertionSetUp,
} from './program.ts'
import { ENUM_SWITCH_MAP, type References } from './references.ts'
import { checkRemoteInterface } from './remote-types.ts'

/** Their count has four bits, inherited ones included. @source JCVM 3.1 §6.9.1 */
const MOST_INTERFACES = 15

/** How a finding speaks of what an instruction is there for. */
const USES: Readonly<Record<UnsupportedFeature, string>> = {
  long: 'uses long',
  float: 'uses float',
  double: 'uses double',
  char: 'uses char',
  string: 'uses String',
  concatenation: 'joins text with +',
  'class-literal': 'uses a class literal',
  lambda: 'uses a lambda',
  synchronized: 'uses synchronized',
  'array-of-arrays': 'uses an array of arrays',
  jsr: 'uses subroutines of an old compiler',
}

/** Modifiers of fields that mean nothing on a card. */
const FIELD_MODIFIERS = [
  [ACC.VOLATILE, 'volatile'],
  [ACC.TRANSIENT, 'transient'],
] as const

const METHOD_MODIFIERS = [
  [ACC.NATIVE, 'native', 'is native'],
  [ACC.SYNCHRONIZED, 'synchronized', 'is synchronized'],
  [ACC.VARARGS, 'varargs', 'has a variable number of arguments'],
  [ACC.STRICT, 'strictfp', 'is strictfp'],
] as const

/**
 * The class is a finding as a whole: what its code does follows from what it is. Compilers put the arrays by which they
 * switch on enums into a class of their own, and the switch is the finding.
 */
export function isMissingAsWhole(one: JavaClass): boolean {
  return featureOfWholeClass(one) !== undefined || one.fields.some(({ name }) => name.startsWith(ENUM_SWITCH_MAP))
}

function featureOfWholeClass(one: JavaClass): 'enum' | 'record' | undefined {
  if (one.accessFlags & ACC.ENUM) return 'enum'
  return one.superName === 'java/lang/Record' ? 'record' : undefined
}

/** Everything that is wrong with a class apart from what its code does. @source JCVM 3.1 §2.2 (language subset) */
export function checkClass(
  one: JavaClass,
  library: ClassLibrary,
  references: References,
  ints: IntSupport,
  findings: Findings,
): void {
  const place = { class: one }
  const whole = featureOfWholeClass(one)
  if (whole) findings.addMissing(place, whole, whole === 'enum' ? 'is an enum' : 'is a record')
  if (isMissingAsWhole(one)) return
  if (library.isCyclic(one)) findings.add(place, 'inherits from itself', 'compile it again')
  for (const name of [...(one.superName === undefined ? [] : [one.superName]), ...one.interfaceNames]) {
    references.requireClass(name, place)
  }
  if (one.isInterface && library.isRemote(one.name)) checkRemoteInterface(one, library, findings)
  const interfaces = library.interfaceClosure(one.interfaceNames).length
  if (interfaces > MOST_INTERFACES) {
    findings.add(place, `has ${interfaces} interfaces, a class can have ${MOST_INTERFACES}`, 'split it')
  }
  for (const field of one.fields) {
    const at = { class: one, field }
    for (const [flag, word] of FIELD_MODIFIERS) {
      if (field.accessFlags & flag) findings.addMissing(at, word, `field ${field.name} is ${word}`)
    }
    checkType(field.type, `field ${field.name}`, at, references, ints, findings)
  }
  for (const method of one.methods) checkMethod(one, method, references, ints, findings)
  if (one.isInterface) checkInheritedMethods(one, library, references)
}

/** An interface repeats the methods of its superinterfaces in Descriptor, so their types have to be there too. */
function checkInheritedMethods(one: JavaClass, library: ClassLibrary, references: References): void {
  const own = new Set(one.methods.map(signatureKey))
  for (const method of library.interfaceMethods(one.name)) {
    if (own.has(signatureKey(method))) continue
    const { parameters, returns } = parseMethodDescriptor(method.descriptor)
    for (const type of [...parameters, returns]) {
      const base = type.kind === 'array' ? type.element : type
      if (base.kind === 'class') references.requireClass(base.name, { class: one })
    }
  }
}

function checkMethod(
  one: JavaClass,
  method: JavaMethod,
  references: References,
  ints: IntSupport,
  findings: Findings,
): void {
  const place = { class: one, method, pc: 0 }
  for (const [flag, feature, message] of METHOD_MODIFIERS) {
    if (method.accessFlags & flag) findings.addMissing(place, feature, message)
  }
  if (one.isInterface && !isAbstract(method) && method.name !== STATIC_INITIALISER) {
    findings.addMissing(place, 'interface-body', 'is a method with a body in an interface')
  }
  if (method.name === 'finalize' && method.descriptor === '()V') {
    findings.addMissing(place, 'finalize', 'is never called', 'warning')
  }
  method.signature.parameters.forEach((type, i) => {
    checkType(type, `parameter ${i + 1}`, place, references, ints, findings)
  })
  if (method.signature.returns.kind !== 'void') {
    checkType(method.signature.returns, 'the result', place, references, ints, findings)
  }
  for (const { name, descriptor, startPc } of method.code?.variables ?? []) {
    if (descriptor !== 'I' || ints === 'int') continue // other types show up in the instructions
    findings.addMissing({ ...place, pc: Math.max(0, startPc - 1) }, 'int', `variable ${name} is an int`)
  }
  if (!method.code) return
  checkEnumSwitches(method.code, place, findings)
  checkInstructions(method.code, place, references, findings)
}

/** Compilers from JDK 21 on switch on the ordinal itself where the enum stands in the same source. */
function checkEnumSwitches({ instructions }: JavaCode, place: FindingPlace, findings: Findings): void {
  for (const [i, one] of instructions.entries()) {
    const isOrdinal = one.kind === 'invoke' && one.member.name === 'ordinal' && one.member.descriptor === '()I'
    if (isOrdinal && instructions[i + 1]?.kind === 'switch') {
      findings.addMissing({ ...place, pc: one.pc }, 'enum-switch', '')
    }
  }
}

/** In code that has what a card cannot do the names are looked at all the same, so that all is said in one run. */
function checkInstructions(code: JavaCode, place: FindingPlace, references: References, findings: Findings): void {
  const instructions = withoutAssertionSetUp(code)
  if (!code.instructions.some((one) => one.kind === 'unsupported')) return
  let isSynchronized = false
  for (const instruction of instructions) {
    const at = { ...place, pc: instruction.pc }
    if (instruction.kind !== 'unsupported') {
      if (place.method?.name !== STATIC_INITIALISER) references.checkNames(instruction, at)
      continue
    }
    const { feature } = instruction
    if (feature === 'synchronized' && isSynchronized) continue // compilers leave the block in several places
    isSynchronized ||= feature === 'synchronized'
    findings.addMissing(at, feature, USES[feature])
  }
}

function checkType(
  type: JvmType,
  what: string,
  place: FindingPlace,
  references: References,
  ints: IntSupport,
  findings: Findings,
): void {
  const base = type.kind === 'array' ? type.element : type
  if (base.kind === 'class') {
    if (base.name === 'java/lang/String') findings.addMissing(place, 'string', `${what} is a String`)
    else references.requireClass(base.name, place)
  } else if (base.kind === 'array') {
    findings.addMissing(place, 'array-of-arrays', `${what} is an array of arrays`)
  } else if (base.kind === 'int' && ints === 'int') {
    // as it is
  } else if (isMissingType(base.kind)) {
    findings.addMissing(place, base.kind, `${what} is of type ${base.kind}${type === base ? '' : '[]'}`)
  }
}

function isMissingType(kind: JvmType['kind']): kind is 'long' | 'float' | 'double' | 'char' | 'int' {
  return kind in MISSING_FEATURES
}
