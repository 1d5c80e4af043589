import type { SecurityRefusal, Signatures } from '@gridcard/dlms'
import type { MeteringPort } from './metering-security-module.ts'

/** Most bytes that the card signs. A longer message is not hashed here: then the card would not know what it signs. */
const MOST_BYTES = 1364

/** ECDSA with the device's key on the card, and with the points of the parties that the card holds. */
export class MeteringSignatures implements Signatures {
  readonly #port: MeteringPort

  constructor(port: MeteringPort) {
    this.#port = port
  }

  async sign(slot: number, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    const suite = this.#port.slotOf(slot)?.suite
    if (suite === undefined) return { refused: 'unknown-key' }
    if (suite === 0) return { refused: 'unsupported' }
    if (octets.length === 0 || octets.length > MOST_BYTES) return { refused: 'malformed' }
    return this.#port.onSlot(slot, (client) => client.sign(suite, octets))
  }

  async verify(
    slot: number,
    octets: Uint8Array,
    signature: Uint8Array,
  ): Promise<{ readonly ok: true } | SecurityRefusal> {
    const configured = this.#port.slotOf(slot)
    if (configured?.cell === undefined) return { refused: 'unknown-key' }
    const { suite, cell } = configured
    if (suite === 0) return { refused: 'unsupported' }
    if (signature.length !== (suite === 1 ? 64 : 96) || octets.length > MOST_BYTES) return { refused: 'malformed' }
    return this.#port.onSlot(slot, (client) => client.verify(cell, octets, signature))
  }
}
