import { equalBytes } from '@gridcard/bytes'
import { apduTags, gloTagOf, plainTagOf } from '../apdu/apdu-tags.ts'
import {
  cipheringOverheadBytes,
  emitGeneralGloCiphering,
  emitGloCiphered,
  generalCipheringOverheadBytes,
  parseGeneralGloCiphering,
  parseGloCiphered,
} from '../apdu/ciphered.ts'
import { DlmsError } from '../errors.ts'
import { securityControl } from './security-control.ts'
import { isRefusal, type SecurityModule, type SecurityRefusal } from './security-module.ts'

/** How a ciphered APDU is framed: a tag per service, or one tag and the sender's title. */
export type FrameForm = 'glo' | 'general-glo'

export const overheadBytesOf = (form: FrameForm): number =>
  form === 'glo' ? cipheringOverheadBytes : generalCipheringOverheadBytes

export interface OpenedFrame {
  readonly plaintext: Uint8Array
  readonly form: FrameForm
}

/**
 * Both directions of one ciphered association: every APDU authenticated and encrypted under the global key, nothing
 * less taken. A token of HLS is made with control 0x10, like a message that is authenticated only; taking 0x30 alone
 * keeps the one from passing for the other.
 * @source Green Book ed. 8 §9.2.7.2.4
 */
export class FrameProtection {
  readonly #security: SecurityModule
  readonly #slot: number
  readonly #peerSystemTitle: Uint8Array

  constructor(security: SecurityModule, slot: number, peerSystemTitle: Uint8Array) {
    this.#security = security
    this.#slot = slot
    this.#peerSystemTitle = peerSystemTitle
  }

  async protect(plaintext: Uint8Array, form: FrameForm): Promise<Uint8Array | SecurityRefusal> {
    const control = securityControl.authenticatedEncrypted
    const tag = gloTagOf(plaintext[0] ?? -1)
    if (form === 'glo' && tag === undefined) return { refused: 'not-permitted' }
    const secured = await this.#security.protect({ slot: this.#slot, securityControl: control, plaintext })
    if (isRefusal(secured)) return secured
    const body = { securityControl: control, ...secured }
    return form === 'glo'
      ? emitGloCiphered({ tag: tag!, ...body })
      : emitGeneralGloCiphering({ systemTitle: this.#security.systemTitle, ...body })
  }

  /** The content, once control, peer, counter and tag were right and the service is the one its tag names. */
  async unprotect(apdu: Uint8Array): Promise<OpenedFrame | SecurityRefusal> {
    const frame = parseFrame(apdu)
    if (frame === undefined) return { refused: 'malformed' }
    if (frame.securityControl !== securityControl.authenticatedEncrypted) return { refused: 'not-permitted' }
    const isGeneral = frame.kind === 'general-glo-ciphering'
    if (isGeneral && !equalBytes(frame.systemTitle, this.#peerSystemTitle)) return { refused: 'unknown-peer' }
    const opened = await this.#security.unprotect({
      slot: this.#slot,
      securityControl: frame.securityControl,
      invocationCounter: frame.invocationCounter,
      body: frame.body,
      peerSystemTitle: this.#peerSystemTitle,
    })
    if (isRefusal(opened)) return opened
    // The tag of the frame is not authenticated; the one inside is.
    if (!isGeneral && plainTagOf(frame.tag) !== opened.plaintext[0]) return { refused: 'malformed' }
    return { plaintext: opened.plaintext, form: isGeneral ? 'general-glo' : 'glo' }
  }
}

/** Undefined for anything but a well-formed ciphered APDU. */
function parseFrame(apdu: Uint8Array) {
  try {
    return apdu[0] === apduTags['general-glo-ciphering'] ? parseGeneralGloCiphering(apdu) : parseGloCiphered(apdu)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
