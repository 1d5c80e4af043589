import { concatBytes } from '@gridcard/bytes'
import {
  type AgreementRequest,
  agreementSchemes,
  isRefusal,
  type OriginatedKey,
  otherInfoOf,
  type SecurityRefusal,
  type SecuritySuiteId,
  type SessionKey,
  type SessionKeys,
  securitySuites,
  signedEphemeral,
} from '@gridcard/dlms'
import { firstSessionKey, isCardRefusal } from '@gridcard/terminal'
import type { MeteringPort, MeteringSlot } from './metering-security-module.ts'

const SESSIONS = 4
const keyBytesOf = (suite: SecuritySuiteId) => (suite === 2 ? 32 : 16)
const UNCOMPRESSED = Uint8Array.of(4)

interface OpenSession {
  readonly slot: number
  readonly number: number
}

/**
 * Keys in the four session places of the card: dedicated ones, and those agreed for one message. A handle says which place;
 * when all are taken, more are `unavailable` until one is closed. They are gone with the card's power.
 */
export class MeteringSessionKeys implements SessionKeys {
  readonly #port: MeteringPort
  readonly #systemTitle: Uint8Array
  readonly #randomBytes: (lengthBytes: number) => Uint8Array
  readonly #open = new Map<number, OpenSession>()
  #nextHandle = 1

  constructor(
    port: MeteringPort,
    o: { readonly systemTitle: Uint8Array; readonly randomBytes: (lengthBytes: number) => Uint8Array },
  ) {
    this.#port = port
    this.#systemTitle = o.systemTitle
    this.#randomBytes = o.randomBytes
  }

  /** P1 of the card's commands for a handle of that slot. */
  numberOf(slot: number, handle: SessionKey): number | undefined {
    const session = this.#open.get(handle.sessionKey)
    return session?.slot === slot ? session.number : undefined
  }

  forgetAll(): void {
    this.#open.clear()
  }

  async createDedicated(slot: number) {
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' } as const
    const key = this.#randomBytes(keyBytesOf(suite))
    const handle = await this.openDedicated(slot, key)
    return isRefusal(handle) ? handle : { key, handle }
  }

  async openDedicated(slot: number, key: Uint8Array): Promise<SessionKey | SecurityRefusal> {
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' }
    if (key.length !== keyBytesOf(suite)) return { refused: 'malformed' }
    return this.#take(slot, (number) => this.#port.onSlot(slot, (client) => client.putDedicatedKey(number, slot, key)))
  }

  async agreeAsOriginator({ slot, scheme, transactionId }: AgreementRequest): Promise<OriginatedKey | SecurityRefusal> {
    const peer = this.#peerOf(slot)
    if (isRefusal(peer)) return peer
    const { suite, cell } = peer
    const info = this.#info(peer, 'originator', scheme === 'static' ? transactionId : undefined)
    let keyCipheredData: Uint8Array = new Uint8Array(0)
    const handle = await this.#take(slot, (number) =>
      this.#port.onSlot(slot, async (client) => {
        if (scheme === 'static') return client.agree(number, slot, { kind: 'static-static', cell }, info)
        const ephemeral = await client.generateEphemeral(suite)
        if (isCardRefusal(ephemeral)) return ephemeral
        const publicKey = ephemeral.publicKey.slice(1)
        const signature = await client.sign(suite, signedEphemeral(agreementSchemes['one-pass'], publicKey))
        if (isCardRefusal(signature)) return signature
        keyCipheredData = concatBytes(publicKey, signature)
        return client.agree(number, slot, { kind: 'our-ephemeral', cell }, info)
      }),
    )
    return isRefusal(handle) ? handle : { handle, keyCipheredData }
  }

  async agreeAsRecipient(
    request: AgreementRequest & { readonly keyCipheredData: Uint8Array },
  ): Promise<SessionKey | SecurityRefusal> {
    const { slot, scheme, transactionId, keyCipheredData } = request
    const peer = this.#peerOf(slot)
    if (isRefusal(peer)) return peer
    const { suite, cell } = peer
    const info = this.#info(peer, 'recipient', scheme === 'static' ? transactionId : undefined)
    const pointBytes = suite === 1 ? 64 : 96
    if (keyCipheredData.length !== (scheme === 'static' ? 0 : 2 * pointBytes)) return { refused: 'malformed' }
    return this.#take(slot, (number) =>
      this.#port.onSlot(slot, async (client) => {
        if (scheme === 'static') return client.agree(number, slot, { kind: 'static-static', cell }, info)
        const publicKey = keyCipheredData.slice(0, pointBytes)
        const octets = signedEphemeral(agreementSchemes['one-pass'], publicKey)
        const verdict = await client.verify(cell, octets, keyCipheredData.slice(pointBytes))
        if (isCardRefusal(verdict)) return verdict
        const point = concatBytes(UNCOMPRESSED, publicKey)
        return client.agree(number, slot, { kind: 'their-ephemeral', point }, info)
      }),
    )
  }

  /** The applet unwraps keys into slots only: a key for one message would be one more that the host could ask for. */
  async wrapFresh(): Promise<SecurityRefusal> {
    return { refused: 'unsupported' }
  }

  async unwrap(): Promise<SecurityRefusal> {
    return { refused: 'unsupported' }
  }

  close(handle: SessionKey): void {
    const session = this.#open.get(handle.sessionKey)
    if (session === undefined) return
    this.#open.delete(handle.sessionKey)
    void this.#port.onSlot(session.slot, async (client) => {
      // Meanwhile somebody else may have the place.
      const isTaken = [...this.#open.values()].some(({ number }) => number === session.number)
      return isTaken ? { ok: true } : client.clearSession(session.number)
    })
  }

  /** A slot whose peer is a party with points, in a suite that has curves. */
  #peerOf(slot: number): (MeteringSlot & { suite: 1 | 2; cell: number }) | SecurityRefusal {
    const peer = this.#port.slotOf(slot)
    if (peer === undefined) return { refused: 'unknown-key' }
    const { suite, cell } = peer
    if (suite === 0) return { refused: 'unsupported' }
    if (cell === undefined) return { refused: 'unknown-key' }
    return { ...peer, suite, cell }
  }

  #info(
    { suite, peerSystemTitle }: MeteringSlot,
    we: 'originator' | 'recipient',
    transactionId: Uint8Array | undefined,
  ): Uint8Array {
    const [originator, recipient] =
      we === 'originator' ? [this.#systemTitle, peerSystemTitle] : [peerSystemTitle, this.#systemTitle]
    return otherInfoOf(securitySuites[suite].algorithmIds.cipher, {
      originatorSystemTitle: originator,
      recipientSystemTitle: recipient,
      transactionId,
    })
  }

  async #take(
    slot: number,
    fill: (number: number) => Promise<{ readonly ok: true } | SecurityRefusal>,
  ): Promise<SessionKey | SecurityRefusal> {
    const taken = new Set([...this.#open.values()].map(({ number }) => number))
    const place = Array.from({ length: SESSIONS }, (_, i) => firstSessionKey + i).find((one) => !taken.has(one))
    if (place === undefined) return { refused: 'unavailable' }
    const sessionKey = this.#nextHandle++
    this.#open.set(sessionKey, { slot, number: place }) // held from here on: others may ask meanwhile
    const filled = await fill(place)
    if (!isRefusal(filled)) return this.#open.has(sessionKey) ? { sessionKey } : { refused: 'unavailable' }
    this.#open.delete(sessionKey)
    return filled
  }
}
