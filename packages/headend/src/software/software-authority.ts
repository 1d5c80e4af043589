import { concatBytes, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import {
  emitActivation,
  emitAuthorisation,
  extendedRegister,
  integrityPurposes,
  integrityRegisters,
  meterSetTree,
  parseQuote,
  parseSignedImage,
  type Quote,
  registersDigest,
  type SignedImage,
  startedRegister,
} from '@gridcard/terminal'
import { keptPrivateKey } from '../keys/kept-private-key.ts'
import type { SecretStore } from '../keys/key-store.ts'

const curve = ecDomain('P-256')
const scheme = { domain: curve, hash: 'sha256', encoding: 'plain' } as const

/** What a quote has to be about; the meters agree: software, configuration, events. */
const configurationRegister = integrityRegisters.firstOfDevice + 1
const quoteMask = 1 | (1 << configurationRegister) | (1 << integrityRegisters.events)

/** How long the word for an update is good, in seconds to either side. */
const ACTIVATION_SECONDS = 3600

export const versionText = (version: number): string =>
  [version >>> 16, (version >> 8) & 0xff, version & 0xff].join('.')

/** What is known of a meter when its quote is judged. */
export interface QuotedMeter {
  readonly systemTitle: Uint8Array
  /** Point of the key that its card made, P-256. */
  readonly attestationKey: Uint8Array
  /** Counters of the last quote that was good; none of them may be lower now. */
  readonly boots: number
  readonly events: number
}

export type SoftwareVerdict =
  | { readonly state: 'verified'; readonly version: string; readonly boots: number; readonly events: number }
  | { readonly state: 'refused'; readonly reason: string }

/**
 * The head-end as the party responsible for its meters' software: it knows what was released, says what may be activated, and
 * judges what a meter proves to run.
 */
export class SoftwareAuthority {
  readonly publicKey: Uint8Array
  readonly #crypto: CryptoProvider
  readonly #systemTitle: Uint8Array
  readonly #privateKey: Uint8Array
  readonly #released: readonly SignedImage[]
  readonly #images: readonly Uint8Array[]
  #lastCounter = 0n

  private constructor(o: SoftwareAuthorityOptions, privateKey: Uint8Array) {
    this.#crypto = o.crypto
    this.#systemTitle = o.systemTitle
    this.#images = o.images
    this.#released = o.images.map(parseSignedImage)
    this.#privateKey = privateKey
    this.publicKey = o.crypto.ecPublicKey(curve, privateKey)
  }

  /** Its key is made at the first start and sealed like those of the meters. @throws HeadendError `HEADEND_DATA_DAMAGED` */
  static async open(o: SoftwareAuthorityOptions): Promise<SoftwareAuthority> {
    const { secrets, crypto, openKeyFile } = o
    return new SoftwareAuthority(o, await keptPrivateKey(secrets, { name: 'software-authority', crypto, openKeyFile }))
  }

  /** Versions that were released, oldest first. */
  get versions(): readonly string[] {
    return this.#released.map(({ header }) => versionText(header.version))
  }

  image(version: string): Uint8Array | undefined {
    return this.#images[this.versions.indexOf(version)]
  }

  /** Our word that this meter may run that image: good once, for two hours around now. */
  activation(image: Uint8Array, systemTitle: Uint8Array, nowMs: number): Uint8Array {
    const { header } = parseSignedImage(image)
    const tree = meterSetTree([systemTitle], (bytes) => this.#crypto.sha256(bytes))
    const now = Math.floor(nowMs / 1000)
    const authorisation = emitAuthorisation({
      hash: header.hash,
      root: tree.root,
      counter: this.#nextCounter(),
      notBefore: Math.max(0, now - ACTIVATION_SECONDS),
      notAfter: now + ACTIVATION_SECONDS,
    })
    const signer = this.#crypto.createEcdsaSigner(scheme, this.#privateKey)
    const signature = signer.sign(concatBytes(integrityPurposes.activation, authorisation))
    return emitActivation({ authorisation, signature, proof: tree.proof(0) })
  }

  /** Real time, so that a head-end restored from a backup does not use one twice. */
  #nextCounter(): bigint {
    const now = BigInt(Date.now())
    this.#lastCounter = now > this.#lastCounter ? now : this.#lastCounter + 1n
    return this.#lastCounter
  }

  /** @param eventHead value of the meter's event register, as it told it beside the quote */
  judge(meter: QuotedMeter, nonce: Uint8Array, quoteBytes: Uint8Array, eventHead: Uint8Array): SoftwareVerdict {
    const refused = (reason: string) => ({ state: 'refused', reason }) as const
    let quote: Quote
    try {
      quote = parseQuote(quoteBytes)
    } catch {
      return refused('what it gave is no quote')
    }
    const same = (a: Uint8Array, b: Uint8Array) => toHex(a) === toHex(b)
    const verifier = this.#crypto.createEcdsaVerifier(scheme, meter.attestationKey)
    if (!verifier.verify(quote.signed, quote.signature)) return refused('the quote is not signed by its card')
    if (!same(quote.device, meter.systemTitle)) return refused('the quote is of another meter')
    if (!same(quote.nonce, nonce)) return refused('the quote is not of now')
    if (quote.mask !== quoteMask || quote.lifeCycle !== 'operational') return refused('the quote leaves something out')
    if (quote.boots < meter.boots || quote.events < meter.events) return refused('its counters went back')
    if (quote.hasMismatch) return refused('it found other code than it started')
    if (quote.hasAlarm) return refused('it once found other code than it started, and nobody has acknowledged that')
    if (!quote.isStarted || quote.isOnTrial) return refused('it runs no software that its card has started for good')
    const release = this.#released.find((image) => same(quote.digest, this.#expected(image, meter, eventHead)))
    if (release === undefined) return refused('it does not run what was released, as it was made for this head-end')
    const { boots, events } = quote
    return { state: 'verified', version: versionText(release.header.version), boots, events }
  }

  #expected(image: SignedImage, meter: QuotedMeter, eventHead: Uint8Array): Uint8Array {
    const sha256 = (bytes: Uint8Array) => this.#crypto.sha256(bytes)
    const configuration = `meter ${toHex(meter.systemTitle)} head-end ${toHex(this.#systemTitle)}`
    const values = [
      startedRegister(image.signedHeader, sha256),
      extendedRegister([sha256(new TextEncoder().encode(configuration))], sha256),
      eventHead,
    ]
    return registersDigest(quoteMask, values, sha256)
  }
}

export interface SoftwareAuthorityOptions {
  readonly secrets: SecretStore
  /** Where an earlier version kept the key, unsealed. */
  readonly openKeyFile: string
  readonly crypto: CryptoProvider
  /** The head-end's own. */
  readonly systemTitle: Uint8Array
  /** Signed images of all releases that meters may run, oldest first. */
  readonly images: readonly Uint8Array[]
}
