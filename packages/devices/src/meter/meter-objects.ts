import { fromAscii } from '@gridcard/bytes'
import {
  type ActionOutcome,
  type AssociationConfig,
  associationLnObject,
  type CosemObject,
  clockObject,
  clockStatus,
  cosem,
  dataObject,
  disconnectControlObject,
  isRefusal,
  listProfileBuffer,
  profileGenericObject,
  registerObject,
  sapAssignmentObject,
  securitySetupObject,
} from '@gridcard/dlms'
import { capturePeriodMs, type Metrology, profileCapacity } from '../metrology/metrology.ts'
import type { MeterApplication, MeterPlatform } from '../software/meter-platform.ts'
import { softwareLogicalNames } from '../software/software-objects.ts'
import { cardStatusObject } from './card-status-object.ts'
import { type CriticalCommands, commandLogicalNames } from './critical-commands.ts'
import { type EventLogName, eventLogCapacity, type LoggedEvent } from './event-log.ts'
import { clockData, loadProfileBuffer } from './load-profile-buffer.ts'
import type { MeterIdentity } from './meter-identity.ts'
import type { SwitchState } from './meter-state.ts'
import { type SealedLog, sealedLogLogicalName } from './sealed-log.ts'
import type { SecureElement } from './secure-element.ts'

/** The logical device of a meter. */
export const meterSap = 1
/** Who may ask: the public client, and the head-end. */
export const clientSaps = { public: 16, management: 1 } as const
/** Where the card keeps the keys shared with the head-end. */
export const managementSlot = 0

/** Logical names by what they are. @source Blue Book ed. 14 §6 */
export const meterLogicalNames = {
  clock: '0.0.1.0.0.255',
  currentAssociation: '0.0.40.0.0.255',
  publicAssociation: '0.0.40.0.1.255',
  managementAssociation: '0.0.40.0.2.255',
  sapAssignment: '0.0.41.0.0.255',
  logicalDeviceName: '0.0.42.0.0.255',
  securitySetup: '0.0.43.0.2.255',
  invocationCounter: '0.0.43.1.2.255',
  serial: '0.0.96.1.0.255',
  disconnectControl: '0.0.96.3.10.255',
  profileStatus: '0.0.96.10.1.255',
  importEnergy: '1.0.1.8.0.255',
  exportEnergy: '1.0.2.8.0.255',
  importPower: '1.0.1.7.0.255',
  exportPower: '1.0.2.7.0.255',
  voltage: '1.0.32.7.0.255',
  loadProfile: '1.0.99.1.0.255',
} as const

/** Each log and the object that holds its last event code. */
export const eventLogLogicalNames: Readonly<Record<EventLogName, { readonly log: string; readonly code: string }>> = {
  standard: { log: '0.0.99.98.0.255', code: '0.0.96.11.0.255' },
  fraud: { log: '0.0.99.98.1.255', code: '0.0.96.11.1.255' },
  disconnector: { log: '0.0.99.98.2.255', code: '0.0.96.11.2.255' },
}

/** What the public client may read: enough to know whom it met and to start a ciphered association. */
const publicObjects: ReadonlySet<string> = new Set([
  meterLogicalNames.logicalDeviceName,
  meterLogicalNames.clock,
  meterLogicalNames.sapAssignment,
  meterLogicalNames.currentAssociation,
  meterLogicalNames.publicAssociation,
  meterLogicalNames.invocationCounter,
])

/** What management may invoke and write. */
const invokedObjects: ReadonlySet<string> = new Set([
  meterLogicalNames.disconnectControl,
  softwareLogicalNames.imageTransfer,
])
const writtenObjects: ReadonlySet<string> = new Set([
  softwareLogicalNames.activation,
  softwareLogicalNames.quote,
  commandLogicalNames.authorisation,
  sealedLogLogicalName,
])

export const meterAssociations: readonly AssociationConfig[] = [
  {
    name: 'public',
    clientSap: clientSaps.public,
    serverSap: meterSap,
    mechanism: 'none',
    ciphered: false,
    access: (object, _index, kind) => kind === 'read' && publicObjects.has(object.logicalName),
  },
  {
    name: 'management',
    clientSap: clientSaps.management,
    serverSap: meterSap,
    mechanism: 'hls-gmac',
    ciphered: true,
    slot: managementSlot,
    access: (object, _index, kind) =>
      kind === 'read' ||
      (kind === 'invoke' && invokedObjects.has(object.logicalName)) ||
      (kind === 'write' && writtenObjects.has(object.logicalName)),
  },
]

/** What the objects show; asked at each read, copied nowhere. */
export interface MeterView {
  readonly identity: MeterIdentity
  readonly clientSystemTitle: Uint8Array
  readonly element: SecureElement
  /** Where the element judges critical commands. */
  readonly commands: CriticalCommands | undefined
  /** Where it seals the log. */
  readonly sealedLog: SealedLog | undefined
  readonly metrology: Metrology
  nowMs(): number
  log(name: EventLogName): readonly LoggedEvent[]
  /** False while the clock stands still because it would have to go back. */
  isClockSound(): boolean
  switchState(): SwitchState
  /** Opens or closes the switch; answers when that is saved. */
  switchTo(state: SwitchState): ActionOutcome
}

/** What the software of a meter stands on. */
export function meterPlatform(view: MeterView): MeterPlatform {
  const { metrology, nowMs } = view
  return {
    level: 1,
    dlms: {
      cosem,
      clockObject,
      clockStatus,
      dataObject,
      disconnectControlObject,
      listProfileBuffer,
      profileGenericObject,
      registerObject,
    },
    clock: { nowMs, isSound: view.isClockSound, data: clockData },
    metrology: {
      registers: () => metrology.registersAt(nowMs()),
      instantaneous: () => metrology.instantaneousAt(nowMs()),
      capturePeriodMs,
      profileCapacity,
      loadProfile: loadProfileBuffer(metrology, nowMs),
    },
    log: { capacity: eventLogCapacity, entries: view.log },
    switch: { state: view.switchState, to: view.switchTo },
  }
}

/**
 * All objects of a meter: those of its loader, which are there whatever software runs, those of its software, and those
 * that `more` has of the loader.
 */
export function meterObjects(
  view: MeterView,
  application: MeterApplication,
  more: readonly CosemObject[] = [],
): readonly CosemObject[] {
  const { identity } = view
  const name = meterLogicalNames
  const octets = (logicalName: string, text: string) =>
    dataObject({ logicalName, value: () => cosem.octetString(fromAscii(text)) })
  const objects: CosemObject[] = [
    octets(name.logicalDeviceName, identity.logicalDeviceName),
    octets(name.serial, identity.serial),
    sapAssignmentObject({ devices: () => [{ sap: meterSap, name: identity.logicalDeviceName }] }),
    ...associationObjects(() => objects),
    securitySetupObject({
      logicalName: name.securitySetup,
      clientSystemTitle: view.clientSystemTitle,
      serverSystemTitle: identity.systemTitle,
    }),
    invocationCounterObject(view.element),
    ...application(meterPlatform(view)).map((object) => view.commands?.guard(object) ?? object),
    cardStatusObject(view.element),
    ...(view.commands?.objects() ?? []),
    ...(view.sealedLog === undefined ? [] : [view.sealedLog.object(view)]),
    ...more,
  ]
  return objects
}

function associationObjects(objects: () => readonly CosemObject[]): CosemObject[] {
  const securitySetup = ({ ciphered }: AssociationConfig) => (ciphered ? meterLogicalNames.securitySetup : undefined)
  const of = (logicalName: string, clientSap: number) => {
    const association = meterAssociations.find((one) => one.clientSap === clientSap)!
    return associationLnObject({ logicalName, association, objects, securitySetup })
  }
  return [
    associationLnObject({ logicalName: meterLogicalNames.currentAssociation, objects, securitySetup }),
    of(meterLogicalNames.publicAssociation, clientSaps.public),
    of(meterLogicalNames.managementAssociation, clientSaps.management),
  ]
}

/**
 * The lowest counter the head-end may use next, readable without keys, so that a head-end that lost its own count can
 * go on. It is not authenticated: a head-end never lets it lower its own, and bounds how far it may raise it.
 */
function invocationCounterObject({ security }: SecureElement): CosemObject {
  return dataObject({
    logicalName: meterLogicalNames.invocationCounter,
    value: async () => {
      const counters = await security.counters(managementSlot)
      if (isRefusal(counters)) return { refused: 'temporary-failure' }
      return cosem.doubleLongUnsigned(Math.max(counters.messageFloor, counters.tokenFloor))
    },
  })
}
