import { equalBytes } from '@gridcard/bytes'
import { isProtectedTag, type ProtectedApdu, parseProtected } from '../apdu/apdu.ts'
import { cipheredTagOf, plainTagOf, type TagKey } from '../apdu/apdu-tags.ts'
import {
  cipheringOverheadBytes,
  emitServiceCiphered,
  emitTitledCiphering,
  generalCipheringOverheadBytes,
} from '../apdu/ciphered.ts'
import {
  agreementSchemes,
  emitGeneralCiphering,
  type GeneralCiphering,
  type KeyInfo,
  kekIds,
  keyIds,
} from '../apdu/general-ciphering.ts'
import { type GeneralHeader, generalHeaderOctets } from '../apdu/general-header.ts'
import { emitGeneralSigning, type GeneralSigning, type SignedForm, signedOctets } from '../apdu/general-signing.ts'
import { DlmsError } from '../errors.ts'
import { isBroadcast, securityControl } from './security-control.ts'
import {
  isRefusal,
  type OriginatedKey,
  type Protected,
  type SecurityModule,
  type SecurityRefusal,
  type SessionKey,
} from './security-module.ts'
import { protections, protectionsOfControl, securityPolicy, suffices } from './security-policy.ts'
import type { SecuritySuiteId } from './security-suite.ts'

/** Which key a general-ciphering APDU is under; `established`: the one before, which its key information does not tell. */
export type GeneralKey = 'unicast' | 'broadcast' | 'wrapped' | 'one-pass' | 'static' | 'established'

/** One thing that was done to an APDU, or shall be. */
export type ProtectionLayer =
  /** A tag per service. */
  | { readonly kind: 'glo' | 'ded'; readonly securityControl: number }
  /** One tag for all, and the sender's title. */
  | { readonly kind: 'general-glo' | 'general-ded'; readonly securityControl: number }
  | { readonly kind: 'general-ciphering'; readonly securityControl: number; readonly key: GeneralKey }
  | { readonly kind: 'general-signing' }

/** Outermost first. */
export type ProtectionLayers = readonly ProtectionLayer[]

export interface OpenedFrame {
  readonly plaintext: Uint8Array
  readonly layers: ProtectionLayers
  /** What was proved, see `protections`. */
  readonly applied: number
  /** Of the general layers; empty where there is none. An answer takes it over. */
  readonly transactionId: Uint8Array
}

export interface FrameProtectionOptions {
  readonly security: SecurityModule
  readonly slot: number
  readonly peerSystemTitle: Uint8Array
  /** Default 0. */
  readonly suite?: SecuritySuiteId | undefined
  /** What every incoming APDU must have at least, see `protections`; asked each time, for a policy can get stricter. */
  readonly required: () => number
  /** Default false: whoever breaks one device of a fleet can make messages under the broadcast key for all others. */
  readonly allowsBroadcastKey?: boolean | undefined
  /** See `signedOctets`. */
  readonly signedForm?: SignedForm | undefined
  /**
   * The first wrapped or agreed key of general-ciphering stays for the association: later APDUs come and go without key
   * information. Default false: then each has its own, and one without says nothing of its key and is refused.
   */
  readonly keepsGeneralKey?: boolean | undefined
}

const nothing = new Uint8Array(0)
const GENERAL_HEADER_BYTES = 1 + 9 + 9 + 9 + 1 + 1
const TAG_AND_LENGTH_BYTES = 1 + 3
/** Around the point and its signature: choice, key-parameters and lengths. */
const KEY_INFO_BYTES = 7

/** Octets that these layers add to a plain APDU at most. */
export function overheadBytesOf(layers: ProtectionLayers, suite: SecuritySuiteId = 0): number {
  const pointBytes = suite === 2 ? 96 : 64
  const overheads: Readonly<Record<ProtectionLayer['kind'], number>> = {
    glo: cipheringOverheadBytes,
    ded: cipheringOverheadBytes,
    'general-glo': generalCipheringOverheadBytes,
    'general-ded': generalCipheringOverheadBytes,
    'general-ciphering': cipheringOverheadBytes + GENERAL_HEADER_BYTES + KEY_INFO_BYTES + 2 * pointBytes,
    'general-signing': TAG_AND_LENGTH_BYTES + GENERAL_HEADER_BYTES + 2 + pointBytes,
  }
  return layers.reduce((sum, { kind }) => sum + overheads[kind], 0)
}

/**
 * Both directions of one protected association. What comes in is taken with the protection that was asked for, or more;
 * by default everything has to be authenticated and encrypted.
 *
 * Nesting is bounded: one ciphering, and one signature around it or in it.
 * @source Green Book ed. 8 §9.2.7.2
 */
export class FrameProtection {
  readonly #security: SecurityModule
  readonly #slot: number
  readonly #peerSystemTitle: Uint8Array
  readonly #suite: SecuritySuiteId
  readonly #signedForm: SignedForm
  readonly #required: () => number
  readonly #allowsBroadcastKey: boolean
  readonly #keepsGeneralKey: boolean
  /** The key that APDUs without key information are under. */
  #established: SessionKey | undefined
  #dedicated: SessionKey | undefined
  #peerSigningKey: Uint8Array | undefined
  #transaction = 0
  /** Volatile, for messages that no tag protects: the module's own floor cannot rise by them. */
  #unauthenticatedFloor = 0

  constructor(options: FrameProtectionOptions) {
    this.#security = options.security
    this.#slot = options.slot
    this.#peerSystemTitle = options.peerSystemTitle
    this.#suite = options.suite ?? 0
    this.#required = options.required
    this.#allowsBroadcastKey = options.allowsBroadcastKey ?? false
    this.#signedForm = options.signedForm ?? 'whole'
    this.#keepsGeneralKey = options.keepsGeneralKey ?? false
  }

  get suite(): SecuritySuiteId {
    return this.#suite
  }

  get hasDedicatedKey(): boolean {
    return this.#dedicated !== undefined
  }

  /** From now on `ded` and `general-ded` are spoken; the handle is closed with the association. */
  useDedicatedKey(handle: SessionKey): void {
    this.#closeKey(this.#dedicated)
    this.#dedicated = handle
  }

  /** From now on signatures of the peer are verified with this key instead of the slot's. */
  usePeerSigningKey(publicKey: Uint8Array): void {
    this.#peerSigningKey = publicKey
  }

  close(): void {
    this.#closeKey(this.#dedicated)
    this.#closeKey(this.#established)
    this.#dedicated = undefined
    this.#established = undefined
  }

  #closeKey(handle: SessionKey | undefined): void {
    if (handle !== undefined) this.#security.sessionKeys?.close(handle)
  }

  /** For the rest of the association, where keys stay; else it is closed. */
  #keepOrClose(handle: SessionKey | undefined): void {
    if (!this.#keepsGeneralKey) this.#closeKey(handle)
    else if (handle !== undefined && handle !== this.#established) {
      this.#closeKey(this.#established)
      this.#established = handle
    }
  }

  /** @param transactionId of the request that this answers; else a new one */
  async protect(
    plaintext: Uint8Array,
    layers: ProtectionLayers,
    transactionId?: Uint8Array,
  ): Promise<Uint8Array | SecurityRefusal> {
    let apdu = plaintext
    const id = transactionId ?? (layers.some(isGeneral) ? this.#nextTransactionId() : nothing)
    for (let i = layers.length - 1; i >= 0; i--) {
      const wrapped = await this.#wrap(apdu, layers[i]!, id)
      if (isRefusal(wrapped)) return wrapped
      apdu = wrapped
    }
    return apdu
  }

  /**
   * The content, once peer, counters, tags and signature were right, the service is the one its tag names, and all
   * required protection was there.
   * @param required instead of what the association asks for; an initiate-request is never signed
   */
  async unprotect(apdu: Uint8Array, required = this.#required()): Promise<OpenedFrame | SecurityRefusal> {
    const layers: ProtectionLayer[] = []
    let content = apdu
    let applied = 0
    let transactionId: Uint8Array = nothing
    while (isProtectedTag(content[0])) {
      const frame = parsed(content)
      if (frame === undefined) return { refused: 'malformed' }
      const isSigning = frame.kind === 'general-signing'
      // A second ciphering or a second signature has no meaning here.
      if (layers.some(({ kind }) => (kind === 'general-signing') === isSigning)) return { refused: 'malformed' }
      const opened = isSigning ? await this.#verify(frame) : await this.#decipher(frame, required)
      if (isRefusal(opened)) return opened
      if ('transactionId' in frame) transactionId = frame.transactionId
      layers.push(opened.layer)
      applied |= isSigning
        ? protections.signed
        : protectionsOfControl('securityControl' in opened.layer ? opened.layer.securityControl : 0)
      content = opened.content
    }
    if (layers.length === 0 && required !== 0) return { refused: 'malformed' }
    if (!suffices(applied, required)) return { refused: 'not-permitted' }
    return { plaintext: content, layers, applied, transactionId }
  }

  /** One layer, whatever its protection and content: to explain what was sent, not to act on it. */
  openLayer(frame: ProtectedApdu): Promise<{ readonly content: Uint8Array } | SecurityRefusal> {
    return frame.kind === 'general-signing' ? this.#verify(frame) : this.#decipher(frame, 0)
  }

  // ---- out

  #wrap(apdu: Uint8Array, layer: ProtectionLayer, transactionId: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    switch (layer.kind) {
      case 'glo':
      case 'ded':
        return this.#wrapService(apdu, layer.kind, this.#controlOf(layer))
      case 'general-glo':
      case 'general-ded':
        return this.#wrapTitled(apdu, layer.kind, this.#controlOf(layer))
      case 'general-ciphering':
        return this.#wrapGeneral(apdu, layer.key, this.#controlOf(layer), transactionId)
      case 'general-signing':
        return this.#sign(apdu, transactionId)
    }
  }

  async #wrapTitled(
    apdu: Uint8Array,
    key: 'general-glo' | 'general-ded',
    control: number,
  ): Promise<Uint8Array | SecurityRefusal> {
    const kind = key === 'general-glo' ? 'general-glo-ciphering' : 'general-ded-ciphering'
    const secured = await this.#secure(apdu, control, key === 'general-ded')
    if (isRefusal(secured)) return secured
    const { systemTitle } = this.#security
    return emitTitledCiphering({ kind, systemTitle, securityControl: control, ...secured })
  }

  async #wrapService(apdu: Uint8Array, key: TagKey, control: number): Promise<Uint8Array | SecurityRefusal> {
    const tag = cipheredTagOf(apdu[0] ?? -1, key)
    if (tag === undefined) return { refused: 'not-permitted' }
    const secured = await this.#secure(apdu, control, key === 'ded')
    return isRefusal(secured) ? secured : emitServiceCiphered({ tag, securityControl: control, ...secured })
  }

  #secure(plaintext: Uint8Array, control: number, isDedicated: boolean): Promise<Protected | SecurityRefusal> {
    if (isDedicated && this.#dedicated === undefined) return Promise.resolve({ refused: 'unknown-key' })
    const key = isDedicated ? this.#dedicated : undefined
    return this.#security.protect({ slot: this.#slot, securityControl: control, plaintext, key })
  }

  async #wrapGeneral(
    plaintext: Uint8Array,
    key: GeneralKey,
    control: number,
    transactionId: Uint8Array,
  ): Promise<Uint8Array | SecurityRefusal> {
    const originated = await this.#originate(key, transactionId)
    if (isRefusal(originated)) return originated
    const { keyInfo, handle } = originated
    try {
      const header = this.#header(transactionId)
      const secured = await this.#security.protect({
        slot: this.#slot,
        securityControl: control,
        plaintext,
        key: handle,
        header: generalHeaderOctets(header),
      })
      if (isRefusal(secured)) return secured
      return emitGeneralCiphering({ ...header, keyInfo, securityControl: control, ...secured })
    } finally {
      this.#keepOrClose(handle)
    }
  }

  async #originate(
    key: GeneralKey,
    transactionId: Uint8Array,
  ): Promise<{ readonly keyInfo: KeyInfo | undefined; readonly handle: SessionKey | undefined } | SecurityRefusal> {
    if (key === 'unicast' || key === 'broadcast') {
      return { keyInfo: { kind: 'identified-key', keyId: keyIds[`global-${key}`] }, handle: undefined }
    }
    // Agreed or wrapped once, it need not be told again.
    if (this.#established !== undefined) return { keyInfo: undefined, handle: this.#established }
    if (key === 'established') return { refused: 'unknown-key' }
    const { sessionKeys } = this.#security
    if (sessionKeys === undefined) return { refused: 'unsupported' }
    const slot = this.#slot
    const originated: OriginatedKey | SecurityRefusal =
      key === 'wrapped'
        ? await sessionKeys.wrapFresh(slot)
        : await sessionKeys.agreeAsOriginator({ slot, scheme: key, transactionId })
    if (isRefusal(originated)) return originated
    const { handle, keyCipheredData } = originated
    return key === 'wrapped'
      ? { keyInfo: { kind: 'wrapped-key', kekId: kekIds.master, keyCipheredData }, handle }
      : {
          keyInfo: { kind: 'agreed-key', keyParameters: Uint8Array.of(agreementSchemes[key]), keyCipheredData },
          handle,
        }
  }

  async #sign(content: Uint8Array, transactionId: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    const { signatures } = this.#security
    if (signatures === undefined) return { refused: 'unsupported' }
    const frame = { ...this.#header(transactionId), content }
    const signature = await signatures.sign(this.#slot, signedOctets(frame, this.#signedForm))
    return isRefusal(signature) ? signature : emitGeneralSigning({ ...frame, signature })
  }

  #header(transactionId: Uint8Array): GeneralHeader {
    return {
      transactionId,
      originatorSystemTitle: this.#security.systemTitle,
      recipientSystemTitle: this.#peerSystemTitle,
      dateTime: nothing,
      otherInformation: nothing,
    }
  }

  #controlOf(layer: Exclude<ProtectionLayer, { kind: 'general-signing' }>): number {
    const isToAll = layer.kind === 'general-ciphering' && layer.key === 'broadcast'
    return (layer.securityControl & 0xf0) | this.#suite | (isToAll ? securityControl.broadcast : 0)
  }

  #nextTransactionId(): Uint8Array {
    const id = new Uint8Array(8)
    this.#transaction += 1
    new DataView(id.buffer).setUint32(4, this.#transaction)
    return id
  }

  // ---- in

  async #verify(frame: GeneralSigning): Promise<Unwrapped | SecurityRefusal> {
    const { signatures } = this.#security
    if (signatures === undefined) return { refused: 'unsupported' }
    if (!this.#isBetweenUs(frame)) return { refused: 'unknown-peer' }
    const verdict = await signatures.verify(
      this.#slot,
      signedOctets(frame, this.#signedForm),
      frame.signature,
      this.#peerSigningKey,
    )
    if (isRefusal(verdict)) return verdict
    return { layer: { kind: 'general-signing' }, content: frame.content }
  }

  async #decipher(
    frame: Exclude<ProtectedApdu, GeneralSigning>,
    required: number,
  ): Promise<Unwrapped | SecurityRefusal> {
    // A message that is authenticated only looks like an HLS token to the key: what is less than was agreed is not even
    // tried, so that its counter does not count either.
    const ciphering = required & ~protections.signed
    if (!suffices(protectionsOfControl(frame.securityControl), ciphering)) return { refused: 'not-permitted' }
    if (isBroadcast(frame.securityControl) && !this.#allowsBroadcastKey) return { refused: 'not-permitted' }
    switch (frame.kind) {
      case 'glo-ciphered':
      case 'ded-ciphered': {
        const kind = frame.kind === 'glo-ciphered' ? 'glo' : 'ded'
        const opened = await this.#open(frame, kind === 'ded')
        if (isRefusal(opened)) return opened
        // The tag of the frame is not authenticated; the one inside is.
        if (plainTagOf(frame.tag)?.tag !== opened.plaintext[0]) return { refused: 'malformed' }
        return { layer: { kind, securityControl: frame.securityControl }, content: opened.plaintext }
      }
      case 'general-glo-ciphering':
      case 'general-ded-ciphering': {
        if (!equalBytes(frame.systemTitle, this.#peerSystemTitle)) return { refused: 'unknown-peer' }
        const kind = frame.kind === 'general-glo-ciphering' ? 'general-glo' : 'general-ded'
        const opened = await this.#open(frame, kind === 'general-ded')
        if (isRefusal(opened)) return opened
        return { layer: { kind, securityControl: frame.securityControl }, content: opened.plaintext }
      }
      case 'general-ciphering':
        return this.#openGeneral(frame)
    }
  }

  async #openGeneral(frame: GeneralCiphering): Promise<Unwrapped | SecurityRefusal> {
    if (!this.#isBetweenUs(frame)) return { refused: 'unknown-peer' }
    const received = await this.#receive(frame)
    if (isRefusal(received)) return received
    const { key, handle } = received
    // The key set bit is for identified keys, and the key info names one of the two.
    if (isBroadcast(frame.securityControl) !== (key === 'broadcast')) return { refused: 'malformed' }
    const opened = await this.#open(frame, false, handle, generalHeaderOctets(frame)).catch((error: unknown) => {
      if (handle !== this.#established) this.#closeKey(handle)
      throw error
    })
    if (isRefusal(opened)) {
      // Whoever cannot use the key does not make it that of the association.
      if (handle !== this.#established) this.#closeKey(handle)
      return opened
    }
    this.#keepOrClose(handle)
    const layer = { kind: 'general-ciphering', securityControl: frame.securityControl, key } as const
    return { layer, content: opened.plaintext }
  }

  async #receive(
    frame: GeneralCiphering,
  ): Promise<{ readonly key: GeneralKey; readonly handle: SessionKey | undefined } | SecurityRefusal> {
    const { keyInfo, transactionId } = frame
    if (keyInfo === undefined) {
      if (!this.#keepsGeneralKey) return { refused: 'unsupported' }
      return this.#established === undefined
        ? { refused: 'unknown-key' }
        : { key: 'established', handle: this.#established }
    }
    if (keyInfo.kind === 'identified-key') {
      if (keyInfo.keyId === keyIds['global-unicast']) return { key: 'unicast', handle: undefined }
      if (keyInfo.keyId === keyIds['global-broadcast']) return { key: 'broadcast', handle: undefined }
      return { refused: 'unknown-key' }
    }
    const { sessionKeys } = this.#security
    if (sessionKeys === undefined) return { refused: 'unsupported' }
    const slot = this.#slot
    const { keyCipheredData } = keyInfo
    if (keyInfo.kind === 'wrapped-key') {
      if (keyInfo.kekId !== kekIds.master) return { refused: 'unknown-key' }
      const handle = await sessionKeys.unwrap(slot, keyCipheredData)
      return isRefusal(handle) ? handle : { key: 'wrapped', handle }
    }
    const scheme = keyInfo.keyParameters.length === 1 ? schemeByNumber.get(keyInfo.keyParameters[0]!) : undefined
    if (scheme === undefined) return { refused: 'unsupported' }
    const handle = await sessionKeys.agreeAsRecipient({
      slot,
      scheme,
      transactionId,
      keyCipheredData,
      peerSigningKey: this.#peerSigningKey,
    })
    return isRefusal(handle) ? handle : { key: scheme, handle }
  }

  async #open(
    frame: { readonly securityControl: number; readonly invocationCounter: number; readonly body: Uint8Array },
    isDedicated: boolean,
    handle: SessionKey | undefined = this.#dedicatedIf(isDedicated),
    header?: Uint8Array,
  ): Promise<{ readonly plaintext: Uint8Array } | SecurityRefusal> {
    if (isDedicated && handle === undefined) return { refused: 'unknown-key' }
    const { securityControl: control, invocationCounter, body } = frame
    const isProved = (control & securityControl.authenticated) !== 0
    if (!isProved && invocationCounter < this.#unauthenticatedFloor) {
      return { refused: 'counter-replayed', expectedCounter: this.#unauthenticatedFloor }
    }
    const opened = await this.#security.unprotect({
      slot: this.#slot,
      securityControl: control,
      invocationCounter,
      body,
      peerSystemTitle: this.#peerSystemTitle,
      key: handle,
      header,
    })
    if (!isProved && !isRefusal(opened)) this.#unauthenticatedFloor = invocationCounter + 1
    return opened
  }

  #dedicatedIf(isDedicated: boolean): SessionKey | undefined {
    return isDedicated ? this.#dedicated : undefined
  }

  #isBetweenUs({ originatorSystemTitle, recipientSystemTitle }: GeneralHeader): boolean {
    return (
      equalBytes(originatorSystemTitle, this.#peerSystemTitle) &&
      equalBytes(recipientSystemTitle, this.#security.systemTitle)
    )
  }
}

interface Unwrapped {
  readonly layer: ProtectionLayer
  readonly content: Uint8Array
}

const schemeByNumber = new Map<number, 'one-pass' | 'static'>([
  [agreementSchemes['one-pass'], 'one-pass'],
  [agreementSchemes.static, 'static'],
])

const isGeneral = ({ kind }: ProtectionLayer): boolean => kind === 'general-ciphering' || kind === 'general-signing'

/** The layers an association uses unless told otherwise. */
export const gloLayers: ProtectionLayers = [{ kind: 'glo', securityControl: securityControl.authenticatedEncrypted }]
export const generalGloLayers: ProtectionLayers = [
  { kind: 'general-glo', securityControl: securityControl.authenticatedEncrypted },
]

/** What the default policy asks of one direction. */
export const everythingRequired = (securityPolicy.everythingCiphered >> 2) & 7

/** Undefined for anything but a well-formed protected APDU. */
function parsed(apdu: Uint8Array): ProtectedApdu | undefined {
  try {
    return parseProtected(apdu)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
