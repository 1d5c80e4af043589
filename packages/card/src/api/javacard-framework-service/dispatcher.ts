import { APDU_STATE } from '../../runtime/apdu-session.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { APDU_HANDLE } from '../../vm/jcre-objects.ts'
import { JAVA_THROW } from '../../vm/machine.ts'
import {
  byteAt,
  handleAt,
  hiddenHandle,
  type JcreMethod,
  lengthOf,
  newByteArray,
  newReferenceArray,
  putBytesAtomic,
  putHiddenShort,
  requireOwnObject,
  requireWritten,
  shortAt,
} from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import {
  callApdu,
  callInterface,
  commandAt,
  failService,
  isProcessed,
  OFFSET,
  outputLength,
  SERVICE,
  statusWord,
} from './service-apdu.ts'

/** javacard.framework.service.Dispatcher. Hidden cells: the services in the order they were added; a byte for each, its phase. */
export const DISPATCHER_HIDDEN_BYTES = 4
const SERVICES = 0
const PHASES = 1
export const DISPATCHER_REFERENCES = [SERVICES, PHASES]

const SERVICE_INTERFACE = 'javacard/framework/service/Service'
const PHASE = { INPUT_DATA: 1, COMMAND: 2, OUTPUT_DATA: 3 } as const
const SW_NO_ERROR = 0x9000
const SW_UNKNOWN = 0x6f00
const SW_INS_NOT_SUPPORTED = 0x6d00

interface Entry {
  readonly service: number
  readonly phase: number
}

const construct: JcreMethod = (jcre, at) => {
  const count = shortAt(jcre, at + 1)
  if (count < 0) failService(jcre, SERVICE.ILLEGAL_PARAM)
  putHiddenShort(jcre, handleAt(jcre, at), SERVICES, newReferenceArray(jcre, count))
  putHiddenShort(jcre, handleAt(jcre, at), PHASES, newByteArray(jcre, count))
  return 0
}

/** An object whose constructor did not run has no table. */
function tables(jcre: Jcre, dispatcher: number) {
  const [services, phases] = [hiddenHandle(jcre, dispatcher, SERVICES), hiddenHandle(jcre, dispatcher, PHASES)]
  if (services === 0 || phases === 0) failService(jcre, SERVICE.DISPATCH_TABLE_FULL)
  return {
    services: jcre.memory.addressOf(services),
    phases: jcre.memory.addressOf(phases),
    size: lengthOf(jcre, services),
  }
}

function entriesOf(jcre: Jcre, dispatcher: number): Entry[] {
  const { services, phases, size } = tables(jcre, dispatcher)
  const all = Array.from({ length: size }, (_, i) => ({
    service: jcre.memory.i16[(services >> 1) + i]! & 0xffff,
    phase: jcre.memory.u8[phases + i]!,
  }))
  return all.filter((one) => one.service !== 0)
}

function setEntries(jcre: Jcre, dispatcher: number, entries: readonly Entry[]): void {
  const { services, phases, size } = tables(jcre, dispatcher)
  if (entries.length > size) failService(jcre, SERVICE.DISPATCH_TABLE_FULL)
  inOneStep(jcre, () => {
    for (let i = 0; i < size; i++) {
      const { service, phase } = entries[i] ?? { service: 0, phase: 0 }
      const address = services + 2 * i
      if ((jcre.memory.i16[address >> 1]! & 0xffff) !== service) {
        requireWritten(jcre, jcre.memory.putShort(address, service))
      }
      if (jcre.memory.u8[phases + i] !== phase) putBytesAtomic(jcre, phases + i, Uint8Array.of(phase))
    }
  })
}

function phaseArgument(jcre: Jcre, at: number): number {
  const phase = byteAt(jcre, at)
  return phase >= PHASE.INPUT_DATA && phase <= PHASE.OUTPUT_DATA ? phase : failService(jcre, SERVICE.ILLEGAL_PARAM)
}

function entryArgument(jcre: Jcre, at: number): Entry {
  const service = handleAt(jcre, at)
  if (service === 0) failService(jcre, SERVICE.ILLEGAL_PARAM)
  requireOwnObject(jcre, service, SERVICE_INTERFACE)
  return { service, phase: phaseArgument(jcre, at + 1) }
}

const isSame = (one: Entry, other: Entry): boolean => one.service === other.service && one.phase === other.phase

const addService: JcreMethod = (jcre, at) => {
  const dispatcher = handleAt(jcre, at)
  const added = entryArgument(jcre, at + 1)
  const entries = entriesOf(jcre, dispatcher)
  if (!entries.some((one) => isSame(one, added))) setEntries(jcre, dispatcher, [...entries, added])
  return 0
}

const removeService: JcreMethod = (jcre, at) => {
  const dispatcher = handleAt(jcre, at)
  const removed = entryArgument(jcre, at + 1)
  const entries = entriesOf(jcre, dispatcher).filter((one) => !isSame(one, removed))
  setEntries(jcre, dispatcher, entries)
  return 0
}

/** Services of a phase, in turn, until one says that the phase is done. The methods of Service stand in this order, too. */
function runPhase(jcre: Jcre, dispatcher: number, phase: number): void {
  for (const one of entriesOf(jcre, dispatcher)) {
    if (one.phase !== phase) continue
    const isDone = callInterface(jcre, one.service, SERVICE_INTERFACE, phase - 1, [APDU_HANDLE])
    if ((isDone & 0xff) !== 0) return
  }
}

/**
 * All phases from one on, then the response.
 * @returns its status word, or undefined if no service processed the command
 */
function run(jcre: Jcre, dispatcher: number, at: number, firstPhase: number): number | undefined {
  const apdu = commandAt(jcre, at)
  for (let phase = firstPhase; phase <= PHASE.OUTPUT_DATA; phase++) {
    if (phase === PHASE.OUTPUT_DATA && apdu.state !== APDU_STATE.OUTGOING) break
    runPhase(jcre, dispatcher, phase)
  }
  if (!isProcessed(apdu)) return undefined
  if (apdu.state === APDU_STATE.OUTGOING) {
    const length = outputLength(jcre, apdu)
    const word = statusWord(jcre)
    callApdu(jcre, 'setOutgoingLength(S)V', length)
    callApdu(jcre, 'sendBytes(SS)V', OFFSET.data, length)
    return word
  }
  return statusWord(jcre)
}

/** The exception of a service becomes the answer; the status word is an exception, too. */
const dispatch: JcreMethod = (jcre, at) => {
  const phase = phaseArgument(jcre, at + 2)
  let word: number | undefined
  try {
    word = run(jcre, handleAt(jcre, at), at + 1, phase)
  } catch (error) {
    if (error !== JAVA_THROW) throw error
    const { thrown } = jcre.machine
    jcre.machine.thrown = 0
    return thrown
  }
  return word === undefined ? 0 : jcre.machine.throwNew('javacard/framework/ISOException', word)
}

const process: JcreMethod = (jcre, at) => {
  let word: number | undefined
  try {
    word = run(jcre, handleAt(jcre, at), at + 1, PHASE.INPUT_DATA)
  } catch (error) {
    if (error !== JAVA_THROW) throw error
    jcre.machine.thrown = 0
    word = SW_UNKNOWN
  }
  if (word === SW_NO_ERROR) return 0
  return jcre.machine.throwNew('javacard/framework/ISOException', word ?? SW_INS_NOT_SUPPORTED)
}

export const dispatcherMethods: Readonly<Record<string, JcreMethod>> = {
  'Dispatcher.<init>(S)V': construct,
  'Dispatcher.addService(Ljavacard/framework/service/Service;B)V': addService,
  'Dispatcher.removeService(Ljavacard/framework/service/Service;B)V': removeService,
  'Dispatcher.dispatch(Ljavacard/framework/APDU;B)Ljava/lang/Exception;': dispatch,
  'Dispatcher.process(Ljavacard/framework/APDU;)V': process,
}
