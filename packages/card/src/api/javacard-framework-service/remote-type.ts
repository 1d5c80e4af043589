import type { LinkedClass, RemoteClass, RemoteMethod } from '../../vm/link/linked-package.ts'

/** What a remote object is to a client: its class, its remote interfaces, its methods. @source JCVM 3.1 §6.9 */

/** The nearest class that says it is remote, the object's own or one above. */
export function remoteClassOf(linked: LinkedClass): RemoteClass | undefined {
  for (let one: LinkedClass | undefined = linked; one !== undefined; one = one.superClass) {
    if (one.remote?.kind === 'class') return one.remote
  }
  return undefined
}

export function findRemoteMethod(
  linked: LinkedClass,
  hash: number,
): { method: RemoteMethod; of: RemoteClass } | undefined {
  for (let one: LinkedClass | undefined = linked; one !== undefined; one = one.superClass) {
    const of = one.remote?.kind === 'class' ? one.remote : undefined
    const method = of?.methods.find((candidate) => candidate.hash === hash)
    if (of && method) return { method, of }
  }
  return undefined
}

/** Nibbles of a type descriptor. @source JCVM 3.1 §6.14.1 */
export const TYPE_NIBBLE = {
  void: 1,
  boolean: 2,
  byte: 3,
  short: 4,
  int: 5,
  reference: 6,
  booleanArray: 10,
  byteArray: 11,
  shortArray: 12,
  intArray: 13,
} as const
const CLASS_NIBBLES = 4

/** Types of the parameters, then of the result; classes count as `reference`. undefined: no such types are remote. */
export function typesOf(signaturePool: Uint8Array, offset: number): number[] | undefined {
  const count = signaturePool[offset] ?? 0
  const nibbleAt = (i: number) => {
    const byte = signaturePool[offset + 1 + (i >> 1)] ?? 0
    return i % 2 === 0 ? byte >> 4 : byte & 0x0f
  }
  const types: number[] = []
  for (let i = 0; i < count; i++) {
    const type = nibbleAt(i)
    types.push(type)
    if (type === TYPE_NIBBLE.reference) i += CLASS_NIBBLES
  }
  const known: readonly number[] = Object.values(TYPE_NIBBLE)
  return types.length > 0 && types.every((type) => known.includes(type)) ? types : undefined
}
