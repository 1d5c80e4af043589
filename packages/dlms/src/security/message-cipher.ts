import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider, GcmKey } from '@gridcard/crypto'
import { isAuthenticated, isEncrypted } from './security-control.ts'

export const TAG_BYTES = 12
const nothing = new Uint8Array(0)

export interface MessageKeys {
  /** The block cipher key, made ready. */
  readonly cipher: GcmKey
  readonly authenticationKey: Uint8Array
}

export interface MessageSettings {
  readonly keys: MessageKeys
  readonly securityControl: number
  /** Title of the sender and counter, 12 octets. */
  readonly iv: Uint8Array
  /** Header of general-ciphering. */
  readonly header: Uint8Array | undefined
}

/** SC || AK, and the header in general-ciphering; the message follows when it is authenticated only. */
function aadOf({ keys, securityControl, header }: MessageSettings): Uint8Array {
  const aad = new Uint8Array(1 + keys.authenticationKey.length + (header?.length ?? 0))
  aad[0] = securityControl
  aad.set(keys.authenticationKey, 1)
  if (header !== undefined) aad.set(header, 1 + keys.authenticationKey.length)
  return aad
}

/**
 * What follows SC and IC. @source Green Book ed. 8 §9.2.7.2.4.5, table 37: authenticated only, the message is associated
 * data; encrypted only, there is no associated data and no tag
 */
export function sealMessage(settings: MessageSettings, plaintext: Uint8Array): Uint8Array {
  const { keys, iv, securityControl } = settings
  if (!isEncrypted(securityControl)) return concatBytes(plaintext, gmac(settings, plaintext))
  if (isAuthenticated(securityControl)) {
    return keys.cipher.seal(iv, aadOf(settings), plaintext, TAG_BYTES)
  }
  return keys.cipher.seal(iv, nothing, plaintext, TAG_BYTES).slice(0, plaintext.length)
}

/** Undefined if the tag is wrong. */
export function openMessage(
  crypto: Pick<CryptoProvider, 'constantTimeEqual'>,
  settings: MessageSettings,
  body: Uint8Array,
): Uint8Array | undefined {
  const { keys, iv, securityControl } = settings
  if (isEncrypted(securityControl)) {
    if (isAuthenticated(securityControl)) {
      return keys.cipher.open(iv, aadOf(settings), body, TAG_BYTES)
    }
    // Counter mode is its own inverse.
    return keys.cipher.seal(iv, nothing, body, TAG_BYTES).slice(0, body.length)
  }
  const plaintext = body.slice(0, -TAG_BYTES)
  const expected = gmac(settings, plaintext)
  return crypto.constantTimeEqual(body.subarray(-TAG_BYTES), expected) ? plaintext : undefined
}

export function gmac(settings: MessageSettings, message: Uint8Array): Uint8Array {
  const aad = concatBytes(aadOf(settings), message)
  return settings.keys.cipher.seal(settings.iv, aad, nothing, TAG_BYTES)
}

/** Title and counter. @source Green Book ed. 8 §9.2.3.3.7.3 */
export function ivOf(systemTitle: Uint8Array, counter: number): Uint8Array {
  const iv = new Uint8Array(12)
  iv.set(systemTitle)
  // A view would move these few octets out of the heap.
  iv[8] = counter >>> 24
  iv[9] = counter >>> 16
  iv[10] = counter >>> 8
  iv[11] = counter
  return iv
}
