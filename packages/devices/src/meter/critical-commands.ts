import {
  type ActionOutcome,
  actionResults,
  type CosemData,
  type CosemObject,
  cosem,
  dataObject,
  type MethodRef,
  methodCallOctets,
  supportsAccess,
} from '@gridcard/dlms'
import { commandClasses } from '@gridcard/terminal'
import { type CommandJudge, type CommandRefusalReason, isCommandRefusal } from './command-judge.ts'
import type { SwitchState } from './meter-state.ts'

/** Maker's own objects beside the disconnect control; there whatever software runs. */
export const commandLogicalNames = {
  /** The signed word for the next critical command goes in: header, signature, MAC where one is asked for. */
  authorisation: '0.128.96.3.0.255',
  /** What the card signed about the last one that was obeyed comes out. */
  response: '0.128.96.3.1.255',
} as const

interface CriticalMethod extends MethodRef {
  /** What the signed command has to be of. */
  readonly commandClass: number
  /** Where the switch may go while the method runs. */
  readonly permits: SwitchState
}

const control = { classId: 70, logicalName: '0.0.96.3.10.255' }

/** Methods that nobody gets done by keys alone. @source Blue Book ed. 14 §4.5.8 */
export const criticalMethods: readonly CriticalMethod[] = [
  { ...control, methodIndex: 1, commandClass: commandClasses.disconnect, permits: 'disconnected' },
  { ...control, methodIndex: 2, commandClass: commandClasses.reconnect, permits: 'connected' },
]

/** Class of a command in its header: title 8, party 1, class 1. */
const CLASS_AT = 9
/** Header and signature on P-256; with counter and MAC of the access controller. */
const AUTHORISATION_BYTES = [122, 138]

export interface CriticalCommandsOptions {
  readonly judge: CommandJudge
  readonly nowSeconds: () => number
  readonly onRefused: (reason: CommandRefusalReason, method: MethodRef) => void
}

/**
 * The switch of a meter moves for a command that its secure element has verified: the word for it is written first, then the
 * method is called, and what was signed has to be exactly that call. One word is good for one call, whatever comes of it.
 */
export class CriticalCommands {
  readonly #judge: CommandJudge
  readonly #nowSeconds: () => number
  readonly #onRefused: CriticalCommandsOptions['onRefused']
  #authorisation: Uint8Array | undefined
  #response = new Uint8Array(0)
  #permit: SwitchState | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor({ judge, nowSeconds, onRefused }: CriticalCommandsOptions) {
    this.#judge = judge
    this.#nowSeconds = nowSeconds
    this.#onRefused = onRefused
  }

  /** The association in which a word was given is over. */
  forget(): void {
    this.#authorisation = undefined
  }

  /** Whether the switch may go there now; asked by what moves it, so that no software gets past the element. */
  permits(state: SwitchState): boolean {
    return this.#permit === state
  }

  /** The object, its critical methods behind the element. */
  guard(object: CosemObject): CosemObject {
    const critical = criticalMethods.filter(
      ({ classId, logicalName }) => object.classId === classId && object.logicalName === logicalName,
    )
    if (critical.length === 0) return object
    const { classId, version, logicalName, attributeCount, methodCount } = object
    return {
      classId,
      version,
      logicalName,
      attributeCount,
      methodCount,
      supports: (kind, index) => supportsAccess(object, kind, index),
      read: (index, selection, caller) => object.read(index, selection, caller),
      write: (index, value, caller) =>
        object.write === undefined ? { refused: 'read-write-denied' } : object.write(index, value, caller),
      invoke: (index, parameter, caller) => {
        const invoke = async () =>
          (await object.invoke?.(index, parameter, caller)) ?? ({ result: 'read-write-denied' } as const)
        const method = critical.find(({ methodIndex }) => methodIndex === index)
        return method === undefined ? invoke() : this.#inTurn(() => this.#obey(method, parameter, invoke))
      },
    }
  }

  objects(): readonly CosemObject[] {
    return [
      dataObject({
        logicalName: commandLogicalNames.authorisation,
        value: () => cosem.octetString(this.#authorisation ?? new Uint8Array(0)),
        write: (value) => {
          if (value.type !== 'octet-string' || !AUTHORISATION_BYTES.includes(value.value.length)) {
            return { refused: 'type-unmatched' }
          }
          this.#authorisation = value.value.slice()
          return undefined
        },
      }),
      dataObject({
        logicalName: commandLogicalNames.response,
        value: () => cosem.octetString(this.#response),
      }),
    ]
  }

  async #obey(
    method: CriticalMethod,
    parameter: CosemData | undefined,
    act: () => Promise<ActionOutcome>,
  ): Promise<ActionOutcome> {
    const refusal = await this.#refusalOf(method, parameter)
    if (refusal !== undefined) {
      this.#onRefused(refusal, method)
      return { result: refusal === 'unavailable' ? 'temporary-failure' : 'read-write-denied' }
    }
    let outcome: ActionOutcome = { result: 'other-reason' }
    try {
      this.#permit = method.permits
      outcome = await act()
    } finally {
      this.#permit = undefined
      const signed = await this.#judge.signResponse(actionResults[outcome.result], this.#nowSeconds())
      this.#response = isCommandRefusal(signed) ? new Uint8Array(0) : signed.response.slice()
    }
    return outcome
  }

  /** Undefined when the element has verified and redeemed it. */
  async #refusalOf(
    method: CriticalMethod,
    parameter: CosemData | undefined,
  ): Promise<CommandRefusalReason | undefined> {
    const authorisation = this.#authorisation
    this.#authorisation = undefined
    this.#response = new Uint8Array(0)
    if (authorisation === undefined) return 'unauthorised'
    // The card knows classes and hashes, the device what they are for.
    if (authorisation[CLASS_AT] !== method.commandClass) return 'other-payload'
    const verified = await this.#judge.verify(this.#nowSeconds(), authorisation)
    if (isCommandRefusal(verified)) return verified.refused
    if (verified.commandClass !== method.commandClass) return 'other-payload'
    const redeemed = await this.#judge.redeem(verified.ticket, methodCallOctets(method, parameter))
    return isCommandRefusal(redeemed) ? redeemed.refused : undefined
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(act)
    this.#tail = turn.catch(() => {})
    return turn
  }
}
