import { cosem } from '../cosem/cosem-data.ts'
import { buildObject, type MethodHandler } from './build-object.ts'
import type { ActionOutcome, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

/** State of the supply switch or valve as the object tells it. */
export const controlStates = { disconnected: 0, connected: 1, 'ready-for-reconnection': 2 } as const
export type ControlState = keyof typeof controlStates

/** Class 70: remote switch. The caller decides what a command does and answers its result. @source Blue Book ed. 14 §4.5.8 */
export function disconnectControlObject(parts: {
  readonly logicalName?: string
  /** True while current can flow. */
  readonly outputState: () => boolean
  readonly controlState: () => ControlState
  /** 0..6: which transitions are allowed to whom. */
  readonly controlMode: () => number
  readonly remoteDisconnect?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
  readonly remoteReconnect?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
}): CosemObject {
  const method = (act: ((caller: Caller) => ActionOutcome | Promise<ActionOutcome>) | undefined) =>
    act && (((_parameter, caller) => act(caller)) satisfies MethodHandler)
  return buildObject({
    interfaceClass: interfaceClasses.disconnectControl,
    logicalName: parts.logicalName ?? '0.0.96.3.10.255',
    attributes: {
      2: { read: () => cosem.boolean(parts.outputState()) },
      3: { read: () => cosem.enumeration(controlStates[parts.controlState()]) },
      4: { read: () => cosem.enumeration(parts.controlMode()) },
    },
    methods: { 1: method(parts.remoteDisconnect), 2: method(parts.remoteReconnect) },
  })
}
