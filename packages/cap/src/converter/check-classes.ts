import { ACC } from '../classfile/class-file.ts'
import { type JvmType, parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { UnsupportedFeature } from '../classfile/jvm-instruction.ts'
import type { IntSupport } from './analyse-methods.ts'
import type { ClassLibrary } from './class-library.ts'
import type { FindingPlace, Findings } from './findings.ts'
import { isAbstract, type JavaClass, type JavaMethod, signatureKey } from './program.ts'
import type { References } from './references.ts'

/** Their count has four bits, inherited ones included. @source JCVM 3.1 §6.9.1 */
const MOST_INTERFACES = 15

const REMOTE = 'java/rmi/Remote'

/** What to write instead of a type that cards do not have. */
const TYPE_ADVICE: Partial<Readonly<Record<JvmType['kind'], string>>> = {
  int: 'make it a short, keep larger numbers in byte arrays, or build for cards with int (--int)',
  char: 'use byte or short',
  long: 'keep larger numbers in byte arrays',
  float: 'use integers in a smaller unit',
  double: 'use integers in a smaller unit',
}

const FEATURE_ADVICE: Readonly<Record<UnsupportedFeature, string>> = {
  long: TYPE_ADVICE.long!,
  float: TYPE_ADVICE.float!,
  double: TYPE_ADVICE.double!,
  char: TYPE_ADVICE.char!,
  String: 'write the text as a byte array',
  'class literal': 'cards have no reflection',
  lambda: 'write a class; cards have no invokedynamic',
  synchronized: 'leave it out: a card has one thread',
  'multi-dimensional array': 'keep the rows in separate arrays',
  jsr: 'compile with a current compiler',
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
  if (one.accessFlags & ACC.ENUM) {
    findings.add(place, 'is an enum', 'use constants of type byte')
    return
  }
  if (one.accessFlags & ACC.ANNOTATION) {
    findings.add(place, 'is an annotation', 'leave its class file out of the package')
    return
  }
  if (library.isCyclic(one)) findings.add(place, 'inherits from itself', 'compile it again')
  for (const name of [...(one.superName === undefined ? [] : [one.superName]), ...one.interfaceNames]) {
    references.requireClass(name, place)
  }
  if (library.interfaceClosure(one.interfaceNames).includes(REMOTE)) {
    findings.add(
      place,
      'is a remote object',
      'talk to the applet with APDUs: remote method invocation is not supported',
    )
  }
  const interfaces = library.interfaceClosure(one.interfaceNames).length
  if (interfaces > MOST_INTERFACES) {
    findings.add(place, `has ${interfaces} interfaces, a class can have ${MOST_INTERFACES}`, 'split it')
  }
  for (const field of one.fields) {
    checkType(field.type, `field ${field.name}`, place, references, ints, findings)
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
  if (method.accessFlags & ACC.NATIVE) findings.add(place, 'is native', 'write it in Java')
  if (method.accessFlags & ACC.SYNCHRONIZED) findings.add(place, 'is synchronized', FEATURE_ADVICE.synchronized)
  if (one.isInterface && !isAbstract(method) && method.name !== '<clinit>') {
    findings.add(place, 'is a method with a body in an interface', 'move the body to a class')
  }
  method.signature.parameters.forEach((type, i) => {
    checkType(type, `parameter ${i + 1}`, place, references, ints, findings)
  })
  if (method.signature.returns.kind !== 'void') {
    checkType(method.signature.returns, 'the result', place, references, ints, findings)
  }
  for (const { name, descriptor, startPc } of method.code?.variables ?? []) {
    if (descriptor !== 'I' || ints === 'int') continue // other types show up in the instructions
    findings.add({ ...place, pc: Math.max(0, startPc - 1) }, `variable ${name} is an int`, TYPE_ADVICE.int!)
  }
  for (const instruction of method.code?.instructions ?? []) {
    if (instruction.kind !== 'unsupported') continue
    findings.add({ ...place, pc: instruction.pc }, `uses ${instruction.feature}`, FEATURE_ADVICE[instruction.feature])
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
    if (base.name === 'java/lang/String') findings.add(place, `${what} is a String`, FEATURE_ADVICE.String)
    else references.requireClass(base.name, place)
  } else if (base.kind === 'array') {
    findings.add(place, `${what} is a multi-dimensional array`, FEATURE_ADVICE['multi-dimensional array'])
  } else if (base.kind === 'int' && ints === 'int') {
    // as it is
  } else if (TYPE_ADVICE[base.kind] !== undefined) {
    findings.add(place, `${what} is of type ${base.kind}${type === base ? '' : '[]'}`, TYPE_ADVICE[base.kind]!)
  }
}
