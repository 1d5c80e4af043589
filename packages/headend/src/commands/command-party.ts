import { concatBytes, equalBytes } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import { cosem, type MethodRef, methodCallOctets } from '@gridcard/dlms'
import { commandClasses, emitCommandHeader, parseCommandResponse, partyCells, purposes } from '@gridcard/terminal'
import { keptPrivateKey } from '../keys/kept-private-key.ts'
import type { SecretStore } from '../keys/key-store.ts'
import type { SwitchTarget } from '../reading/switch-meter.ts'

const curve = ecDomain('P-256')
const scheme = { domain: curve, hash: 'sha256', encoding: 'plain' } as const

/** The cards of its meters know the head-end as their owner. */
const cell = partyCells.supplier
const classOf = { disconnected: commandClasses.disconnect, connected: commandClasses.reconnect } as const

/** How long a command is good to either side of now, in seconds of real time and of the meter's. */
const GOOD_SECONDS = { real: 60, simulated: 300 } as const

/** A command as it goes to a meter, and what is kept of it. */
export interface SignedCommand {
  readonly to: SwitchTarget
  readonly counter: bigint
  readonly header: Uint8Array
  /** Header and signature: the word for the method call that comes next. */
  readonly word: Uint8Array
}

export type Evidence =
  | { readonly isGenuine: true; readonly result: number; readonly signedAtMs: number }
  | { readonly isGenuine: false; readonly reason: string }

export interface CommandPartyOptions {
  readonly secrets: SecretStore
  readonly crypto: CryptoProvider
  /** The head-end's own: what cards know the party by. */
  readonly systemTitle: Uint8Array
}

/** The head-end as the party that may order critical commands: it signs them, and judges what cards sign about them. */
export class CommandParty {
  /** For the cards of its meters. Agreeing on keys is what their owner may do, too. */
  readonly points: { readonly entity: Uint8Array; readonly sign: Uint8Array; readonly agree: Uint8Array }
  readonly #crypto: CryptoProvider
  readonly #privateKey: Uint8Array

  private constructor({ crypto, systemTitle }: CommandPartyOptions, keys: { sign: Uint8Array; agree: Uint8Array }) {
    this.#crypto = crypto
    this.#privateKey = keys.sign
    this.points = {
      entity: systemTitle.slice(),
      sign: crypto.ecPublicKey(curve, keys.sign),
      agree: crypto.ecPublicKey(curve, keys.agree),
    }
  }

  /** Its keys are made at the first start and sealed like those of the meters. @throws HeadendError `HEADEND_DATA_DAMAGED` */
  static async open(o: CommandPartyOptions): Promise<CommandParty> {
    const { secrets, crypto } = o
    const sign = await keptPrivateKey(secrets, { name: 'party-sign', crypto })
    const agree = await keptPrivateKey(secrets, { name: 'party-agree', crypto })
    return new CommandParty(o, { sign, agree })
  }

  /**
   * @param o `counter`: above all that this meter has seen of us; `speed`: simulated seconds per second
   */
  sign(o: {
    readonly to: SwitchTarget
    readonly method: MethodRef
    readonly target: Uint8Array
    readonly counter: bigint
    readonly nowMs: number
    readonly speed: number
  }): SignedCommand {
    const now = Math.floor(o.nowMs / 1000)
    const good = Math.ceil(GOOD_SECONDS.simulated + GOOD_SECONDS.real * o.speed)
    const header = emitCommandHeader({
      target: o.target,
      party: cell,
      commandClass: classOf[o.to],
      counter: o.counter,
      notBefore: Math.max(0, now - good),
      notAfter: now + good,
      payloadHash: this.#crypto.sha256(methodCallOctets(o.method, switchParameter)),
    })
    const signature = this.#crypto
      .createEcdsaSigner(scheme, this.#privateKey)
      .sign(concatBytes(purposes.command, header))
    return { to: o.to, counter: o.counter, header, word: concatBytes(header, signature) }
  }

  /** @param cardKey point of the key with which this meter's card signs */
  judge(command: SignedCommand, cardKey: Uint8Array, responseBytes: Uint8Array): Evidence {
    const refused = (reason: string) => ({ isGenuine: false, reason }) as const
    if (responseBytes.length === 0) return refused('its card signed nothing')
    let response: ReturnType<typeof parseCommandResponse>
    try {
      response = parseCommandResponse(responseBytes)
    } catch {
      return refused('what it gave is no response of a card')
    }
    const verifier = this.#crypto.createEcdsaVerifier(scheme, cardKey)
    if (!verifier.verify(response.signed, response.signature)) return refused('the response is not signed by its card')
    if (!equalBytes(response.command, command.header)) return refused('the response is about another command')
    return { isGenuine: true, result: response.result, signedAtMs: 1000 * response.time }
  }
}

/** Both methods take it and do nothing with it. @source Blue Book ed. 14 §4.5.8 */
export const switchParameter = cosem.integer(0)
