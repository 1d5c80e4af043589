import { ClassFileError } from '../errors.ts'

/** A JVM type: a primitive, a class by its internal name (`javacard/framework/APDU`), or an array. */
export type JvmType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'class'; readonly name: string }
  | { readonly kind: 'array'; readonly element: JvmType }

export type PrimitiveKind = 'boolean' | 'byte' | 'short' | 'int' | 'char' | 'long' | 'float' | 'double'

export interface MethodSignature {
  readonly parameters: readonly JvmType[]
  readonly returns: JvmType | { readonly kind: 'void' }
}

const PRIMITIVES: Readonly<Record<string, PrimitiveKind>> = {
  Z: 'boolean',
  B: 'byte',
  S: 'short',
  I: 'int',
  C: 'char',
  J: 'long',
  F: 'float',
  D: 'double',
}

/** @source JVMS 17 §4.3.2 */
export function parseFieldDescriptor(text: string): JvmType {
  const [type, end] = typeAt(text, 0)
  if (end !== text.length) throw badDescriptor(text)
  return type
}

/** @source JVMS 17 §4.3.3 */
export function parseMethodDescriptor(text: string): MethodSignature {
  if (text[0] !== '(') throw badDescriptor(text)
  const parameters: JvmType[] = []
  let at = 1
  while (text[at] !== ')') {
    const [type, end] = typeAt(text, at)
    parameters.push(type)
    at = end
  }
  if (text.slice(at + 1) === 'V') return { parameters, returns: { kind: 'void' } }
  return { parameters, returns: parseFieldDescriptor(text.slice(at + 1)) }
}

/**
 * What a class constant names: a class by its internal name, or an array by its descriptor.
 * @source JVMS 17 §4.4.1
 */
export function parseClassConstant(name: string): JvmType {
  return name[0] === '[' ? parseFieldDescriptor(name) : { kind: 'class', name }
}

function typeAt(text: string, at: number): [type: JvmType, end: number] {
  if (text.startsWith('['.repeat(256), at)) throw badDescriptor(text)
  const first = text[at]
  if (first === '[') {
    const [element, end] = typeAt(text, at + 1)
    return [{ kind: 'array', element }, end]
  }
  if (first === 'L') {
    const end = text.indexOf(';', at)
    if (end <= at + 1) throw badDescriptor(text)
    return [{ kind: 'class', name: text.slice(at + 1, end) }, end + 1]
  }
  const kind = PRIMITIVES[first ?? '']
  if (!kind) throw badDescriptor(text)
  return [{ kind }, at + 1]
}

function badDescriptor(text: string): ClassFileError {
  return new ClassFileError('CAP_CLASS_MALFORMED', `not a type descriptor: ${JSON.stringify(text.slice(0, 80))}`)
}
