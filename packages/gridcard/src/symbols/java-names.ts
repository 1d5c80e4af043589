/** `javacard/framework/APDU` is `APDU`. */
export function simpleName(internal: string): string {
  return internal.slice(internal.lastIndexOf('/') + 1)
}

const PRIMITIVES: Readonly<Record<string, string>> = {
  B: 'byte',
  S: 'short',
  I: 'int',
  Z: 'boolean',
  V: 'void',
}

/** A type as it is written in Java, without its package: `byte[]`, `APDU`. */
export function javaType(descriptor: string): string {
  if (descriptor.startsWith('[')) return `${javaType(descriptor.slice(1))}[]`
  if (descriptor.startsWith('L')) return simpleName(descriptor.slice(1, -1)).replaceAll('$', '.')
  return PRIMITIVES[descriptor] ?? descriptor
}

/** Words that a value takes on the card: an int takes two. */
export function wordsOf(descriptor: string): 1 | 2 {
  return descriptor === 'I' ? 2 : 1
}

export function isReference(descriptor: string): boolean {
  return descriptor.startsWith('[') || descriptor.startsWith('L')
}

/** A method as it is written in Java: `debit(short, byte[])` for `debit(S[B)V`. */
export function javaMethod(signature: string): string {
  const [, name = signature, parameters = ''] = /^([^(]+)\((.*)\)/.exec(signature) ?? []
  const types = parameters.match(/\[*(?:L[^;]+;|.)/g) ?? []
  return `${name}(${types.map(javaType).join(', ')})`
}
