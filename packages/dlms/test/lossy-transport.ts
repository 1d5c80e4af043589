import type { ConversingTransport } from '../src/client/dlms-transport.ts'
import { DlmsError, type DlmsServer, type DlmsServerConnection } from '../src/index.ts'

export interface ApduFaults {
  readonly loss: number
  readonly duplication: number
  /** Arrives after the next one. */
  readonly swap: number
}

/**
 * A client's line straight into a server on which whole APDUs are lost, doubled and swapped; chance comes from a seed and
 * time passes only by waiting. Keeps what was sent.
 */
export class LossyTransport implements ConversingTransport {
  readonly log: { readonly from: 'client' | 'server'; readonly apdu: Uint8Array }[] = []
  faults: ApduFaults
  readonly #connection: DlmsServerConnection
  readonly #saps: { readonly clientSap: number; readonly serverSap: number }
  readonly #arrived: Uint8Array[] = []
  #toServer: Uint8Array[] = []
  #toClient: Uint8Array[] = []
  #random: number

  constructor(
    server: DlmsServer,
    saps: { readonly clientSap: number; readonly serverSap: number },
    { seed, ...faults }: ApduFaults & { readonly seed: number },
    connection = server.connection(({ apdu }) => this.#deliver([apdu])),
  ) {
    this.#saps = saps
    this.faults = faults
    this.#random = seed
    this.#connection = connection
  }

  async send(apdu: Uint8Array): Promise<Uint8Array> {
    this.#arrived.length = 0
    await this.post(apdu)
    const answer = await this.next()
    if (answer === undefined) throw new DlmsError('DLMS_TIMEOUT', 'no answer')
    return answer
  }

  async post(apdu: Uint8Array): Promise<void> {
    this.log.push({ from: 'client', apdu })
    this.#toServer.push(apdu)
  }

  async next(): Promise<Uint8Array | undefined> {
    await this.#run()
    return this.#arrived.shift()
  }

  /** Everything under way arrives, or does not. */
  async #run(): Promise<void> {
    const apdus = this.#disturbed(this.#toServer)
    this.#toServer = []
    for (const apdu of apdus) {
      const { clientSap, serverSap } = this.#saps
      const answers = await this.#connection.handle({ sourceWPort: clientSap, destinationWPort: serverSap, apdu })
      this.#deliver(answers)
    }
    this.#arrived.push(...this.#disturbed(this.#toClient))
    this.#toClient = []
  }

  #deliver(apdus: readonly Uint8Array[]): void {
    for (const apdu of apdus) {
      this.log.push({ from: 'server', apdu })
      this.#toClient.push(apdu)
    }
  }

  #disturbed(apdus: readonly Uint8Array[]): Uint8Array[] {
    const { loss, duplication, swap } = this.faults
    const result: Uint8Array[] = []
    for (const apdu of apdus) {
      if (this.#chance(loss)) continue
      if (this.#chance(swap)) result.splice(Math.max(0, result.length - 1), 0, apdu)
      else result.push(apdu)
      if (this.#chance(duplication)) result.push(apdu)
    }
    return result
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#next() < probability
  }

  /** xorshift32. */
  #next(): number {
    this.#random ^= this.#random << 13
    this.#random ^= this.#random >>> 17
    this.#random ^= this.#random << 5
    return (this.#random >>> 0) / 0x1_0000_0000
  }
}
