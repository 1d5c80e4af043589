import { CryptoPortError, type CryptoProvider } from '@gridcard/crypto'
import { pointOf } from './key-agreement.ts'
import type { SecurityRefusal, Signatures } from './security-module.ts'
import type { SlotKeys } from './software-session-keys.ts'

/** ECDSA with the keys of a slot. @source Green Book ed. 8 §9.2.3.4.5: plain r || s */
export class SoftwareSignatures implements Signatures {
  readonly #crypto: CryptoProvider
  readonly #slotKeys: (slot: number) => Promise<SlotKeys | undefined>

  constructor(crypto: CryptoProvider, slotKeys: (slot: number) => Promise<SlotKeys | undefined>) {
    this.#crypto = crypto
    this.#slotKeys = slotKeys
  }

  async sign(slot: number, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    if (found.suite.asymmetric === undefined) return { refused: 'unsupported' }
    const privateKey = found.keys.signing?.privateKey
    if (privateKey === undefined) return { refused: 'unknown-key' }
    return this.#crypto.createEcdsaSigner(schemeOf(found.suite.asymmetric), privateKey).sign(octets)
  }

  async verify(
    slot: number,
    octets: Uint8Array,
    signature: Uint8Array,
    peerSigningKey?: Uint8Array,
  ): Promise<{ readonly ok: true } | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    const { asymmetric } = found.suite
    if (asymmetric === undefined) return { refused: 'unsupported' }
    const publicKey = peerSigningKey ?? found.keys.signing?.peerPublicKey
    if (publicKey === undefined) return { refused: 'unknown-key' }
    try {
      const verifier = this.#crypto.createEcdsaVerifier(schemeOf(asymmetric), pointOf(publicKey))
      return verifier.verify(octets, signature) ? { ok: true } : { refused: 'authentication-failed' }
    } catch (error) {
      if (error instanceof CryptoPortError) return { refused: 'unknown-key' }
      throw error
    }
  }
}

export const schemeOf = ({ domain, hash }: NonNullable<SlotKeys['suite']['asymmetric']>) =>
  ({ domain, hash, encoding: 'plain' }) as const
