import type { Jcre } from '../runtime/jcre.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { handleAt, type JcreMethod, newObject } from './native-call.ts'
import { ownObjects } from './own-objects.ts'

/**
 * OneShot objects: made for the caller when it opens one, and handed out again after close, or after the command that
 * left one open. So an applet never has more of them than it has had open at once.
 *
 * @source API Cipher.OneShot 3.0.5: an object belongs to the context that opened it; any use after close is ILLEGAL_USE
 */
export function openOneShot(jcre: Jcre, className: string): number {
  const free = ownObjects(jcre, className).find((handle) => !jcre.openOneShots.has(handle))
  const oneShot = free ?? newObject(jcre, className)
  jcre.sessions.delete(oneShot)
  jcre.openOneShots.add(oneShot)
  return oneShot
}

function requireOpen(jcre: Jcre, oneShot: number): void {
  if (!jcre.openOneShots.has(oneShot)) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
}

const close: JcreMethod = (jcre, at) => {
  const oneShot = handleAt(jcre, at)
  jcre.openOneShots.delete(oneShot)
  jcre.sessions.delete(oneShot)
  return 0
}

const refuse: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.ILLEGAL_USE)

/**
 * The methods of a OneShot class by `Class.name(descriptor)`, with close.
 *
 * @param methods work on cells that the class has in common with the class behind getInstance; may depend on the object
 * @param refused what a one-shot object never does
 */
export function oneShotMethods(
  simpleName: string,
  methods: Readonly<Record<string, JcreMethod>>,
  refused: readonly string[],
): Readonly<Record<string, JcreMethod>> {
  const guarded = Object.entries(methods).map(([signature, method]) => {
    const inner = refused.includes(signature) ? refuse : method
    const guard: JcreMethod = (jcre, at) => {
      requireOpen(jcre, handleAt(jcre, at))
      return inner(jcre, at)
    }
    return [`${simpleName}.${signature}`, guard] as const
  })
  return { ...Object.fromEntries(guarded), [`${simpleName}.close()V`]: close }
}
