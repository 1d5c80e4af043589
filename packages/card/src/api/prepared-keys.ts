import type { Jcre } from '../runtime/jcre.ts'

/**
 * What a key was made into for the crypto port (a signer, a cipher context), kept in the session of the key object and
 * used again while the key's content is the same: to make one costs several times the operation. Bytes decide, not
 * events, so rollbacks, clear events and writes of any kind need no word here; setters drop it at once all the same.
 */
interface PreparedSession {
  readonly content: Uint8Array
  readonly made: Map<string, unknown>
}

function isSame(content: Uint8Array, parts: readonly Uint8Array[]): boolean {
  let at = 0
  let difference = 0
  for (const part of parts) {
    if (at + part.length > content.length) return false
    for (let i = 0; i < part.length; i++) difference |= part[i]! ^ content[at + i]!
    at += part.length
  }
  return difference === 0 && at === content.length
}

function copyOf(parts: readonly Uint8Array[]): Uint8Array {
  const content = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    content.set(part, at)
    at += part.length
  }
  return content
}

/**
 * @param content all bytes the result hangs on, as they are in memory now
 * @param purpose which result, of those that may be made of this key
 */
export function prepared<T extends object>(
  jcre: Jcre,
  key: number,
  content: readonly Uint8Array[],
  purpose: string,
  make: () => T,
): T {
  let session = jcre.sessions.get(key) as PreparedSession | undefined
  if (session === undefined || !isSame(session.content, content)) {
    session?.content.fill(0)
    session = { content: copyOf(content), made: new Map() }
    jcre.sessions.set(key, session)
  }
  const found = session.made.get(purpose) as T | undefined
  if (found !== undefined) return found
  const result = make()
  session.made.set(purpose, result)
  return result
}

export function forgetPrepared(jcre: Jcre, key: number): void {
  const session = jcre.sessions.get(key) as PreparedSession | undefined
  if (session === undefined) return
  session.content.fill(0)
  jcre.sessions.delete(key)
}
