import type { MacSession, SaltedRecovery } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { BlockMac } from './block-mac.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import type { GatheredMessage } from './gathered-message.ts'
import { requireKey } from './key-parts.ts'
import { handleAt, hiddenHandle, hiddenShort, putHiddenShort, putHiddenShorts } from './native-call.ts'
import type { SignatureScheme } from './signature-schemes.ts'

/**
 * What a Signature keeps. Hidden cells: the scheme, key, mode and salt length of the last init, which persist; the
 * message so far lives in the session, and is gone after a reset.
 */
const DIGEST = 0
/** Low byte Signature.SIG_CIPHER_*, high byte the length of the key if the algorithm names it. */
const CIPHER = 1
const PADDING = 2
const KEY = 3
const MODE = 4
/** For PSS. */
const SALT = 5
export const SIGNATURE_HIDDEN_BYTES = 12
export const SIGNATURE_HIDDEN_REFERENCES = [KEY] as const

export const SIGNATURE_MODE = { sign: 1, verify: 2 } as const

export interface SignatureSession {
  blockMac?: BlockMac
  hmac?: MacSession
  /** For schemes over a digest. */
  gathered?: GatheredMessage
  /** For EdDSA: all of the message. */
  whole?: Uint8Array
  /** For message recovery: as much of the beginning as a signature takes. */
  beginning?: Uint8Array
  length?: number
  /** What beginVerify found in the signature. */
  recovered?: { readonly digest: Uint8Array; readonly isWhole: boolean } | SaltedRecovery
}

export function putScheme(jcre: Jcre, signature: number, { digest, cipher, padding, keyBytes }: SignatureScheme): void {
  putHiddenShort(jcre, signature, DIGEST, digest)
  putHiddenShort(jcre, signature, CIPHER, cipher | ((keyBytes ?? 0) << 8))
  putHiddenShort(jcre, signature, PADDING, padding)
  for (const cell of [KEY, MODE, SALT]) putHiddenShort(jcre, signature, cell, 0)
}

export function schemeOf(jcre: Jcre, signature: number): SignatureScheme {
  const cipher = hiddenShort(jcre, signature, CIPHER)
  const scheme = {
    digest: hiddenShort(jcre, signature, DIGEST),
    cipher: cipher & 0xff,
    padding: hiddenShort(jcre, signature, PADDING),
  }
  return cipher < 0x100 ? scheme : { ...scheme, keyBytes: cipher >> 8 }
}

export function putInit(jcre: Jcre, signature: number, o: { key: number; mode: number; salt: number }): void {
  putHiddenShorts(jcre, signature, KEY, [o.key, o.mode, o.salt])
}

/** One use of an object: what it was made and initialised for. */
export interface Work {
  readonly signature: number
  readonly scheme: SignatureScheme
  readonly key: number
  readonly salt: number
  readonly isSigning: boolean
}

/** INVALID_INIT before the first init, or in the other mode where one is asked for. The key is looked at by its user. */
export function workOf(jcre: Jcre, at: number, mode?: number): Work {
  const signature = handleAt(jcre, at)
  const found = hiddenShort(jcre, signature, MODE)
  if (found === 0 || (mode !== undefined && mode !== found)) failCrypto(jcre, CRYPTO.INVALID_INIT)
  const key = hiddenHandle(jcre, signature, KEY)
  requireKey(jcre, key)
  return {
    signature,
    scheme: schemeOf(jcre, signature),
    key,
    salt: hiddenShort(jcre, signature, SALT),
    isSigning: found === SIGNATURE_MODE.sign,
  }
}

export function sessionOf(jcre: Jcre, signature: number): SignatureSession {
  let session = jcre.sessions.get(signature) as SignatureSession | undefined
  if (session === undefined) {
    session = {}
    jcre.sessions.set(signature, session)
  }
  return session
}

/** As after init. */
export function endMessage(jcre: Jcre, signature: number): void {
  const session = jcre.sessions.get(signature) as SignatureSession | undefined
  if (session === undefined) return
  session.gathered?.wipe()
  session.whole?.fill(0)
  session.beginning?.fill(0)
  jcre.sessions.delete(signature)
}
