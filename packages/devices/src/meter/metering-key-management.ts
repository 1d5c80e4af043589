import type { KeyDatum, KeyManagement, KeyPairPurpose, SecurityRefusal } from '@gridcard/dlms'
import { isCardRefusal, keyIds } from '@gridcard/terminal'
import type { MeteringPort } from './metering-security-module.ts'

type Granted = { readonly ok: true } | SecurityRefusal
const AUTHENTICATION_FAILED = 0x6988
const unsupported = async (): Promise<SecurityRefusal> => ({ refused: 'unsupported' })

/**
 * Changing the keys of a device whose keys are on a card. The card does the two phases itself: wrapped keys wait in it for the
 * peer's first genuine message under them, while the old ones go on; after some power-ups without one they are given up. So
 * `commit` has nothing to do, and answers go under the old keys until then.
 *
 * A device answers; what only a client does (make keys, begin an agreement) is not here, nor are agreed global keys: the
 * applet keeps what was agreed in session places only. Credentials of parties change by SET CREDENTIAL, signed by a party.
 */
export class MeteringKeyManagement implements KeyManagement {
  readonly #port: MeteringPort
  readonly #changing: Set<number>
  readonly makeKeys = unsupported
  readonly beginAgreement = unsupported
  readonly answerAgreement = unsupported
  readonly finishAgreement = unsupported
  readonly changeHlsSecret = unsupported
  readonly installPeerKey = async (): Promise<SecurityRefusal> => ({ refused: 'not-permitted' })

  constructor(port: MeteringPort, changing: Set<number>) {
    this.#port = port
    this.#changing = changing
  }

  async receiveKeys(slot: number, keys: readonly KeyDatum[]): Promise<Granted> {
    const ids = keys.map(({ keyId }) => keyId)
    if (keys.length === 0 || new Set(ids).size !== keys.length) return { refused: 'malformed' }
    const wrapped = keys.map(({ keyId, keyData }) => ({ id: keyId, wrapped: keyData }))
    const taken = await this.#port.onSlot(slot, async (client) => {
      // The card takes keys into an empty slot, too; that is how a new owner comes in, not how keys change.
      const counters = await client.counters(slot)
      if (isCardRefusal(counters)) return counters
      const answer = await client.unwrapKeys(slot, wrapped)
      // Under the next master key, if one waits: that confirms it.
      if (!isCardRefusal(answer) || answer.sw !== AUTHENTICATION_FAILED) return answer
      const underNext = await client.unwrapKeys(slot, wrapped, true)
      return isCardRefusal(underNext) ? answer : underNext
    })
    if ('ok' in taken && ids.some((id) => id !== keyIds.master)) this.#changing.add(slot)
    return taken
  }

  /** The next pair is made and takes the old one's place at once; the private key never leaves the card. */
  async generateKeyPair(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal> {
    const use = useOf(purpose)
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' }
    if (suite === 0 || use === undefined) return { refused: 'unsupported' }
    const point = await this.#port.onSlot(slot, async (client) => {
      const made = await client.generateKeyPair(suite, use)
      if (isCardRefusal(made)) return made
      const activated = await client.activateKeyPair(suite, use)
      return isCardRefusal(activated) ? activated : made
    })
    return 'refused' in point ? point : point.slice(1)
  }

  async publicKey(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal> {
    const use = useOf(purpose)
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' }
    if (suite === 0 || use === undefined) return { refused: 'unsupported' }
    const point = await this.#port.onSlot(slot, (client) => client.publicKey(suite, use))
    return 'refused' in point ? point : point.slice(1)
  }

  /** The agreement key signs nothing, not even a request for its certificate: the applet keeps uses apart. */
  async signWith(slot: number, purpose: KeyPairPurpose, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' }
    if (suite === 0 || purpose !== 'digital-signature') return { refused: 'unsupported' }
    return this.#port.onSlot(slot, (client) => client.sign(suite, octets))
  }

  async commit(): Promise<void> {}

  discard(slot: number): void {
    if (!this.#changing.delete(slot)) return
    void this.#port.onSlot(slot, (client) => client.abandonChange(slot))
  }
}

const useOf = (purpose: KeyPairPurpose) =>
  purpose === 'digital-signature' ? 'sign' : purpose === 'key-agreement' ? 'agree' : undefined
