import { fromAscii, fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type AssociationConfig,
  associationLnObject,
  type CaptureObject,
  type CosemData,
  type CosemObject,
  clockObject,
  cosem,
  DlmsServer,
  type DlmsServerOptions,
  dataObject,
  dateTimeOf,
  disconnectControlObject,
  emitDateTime,
  isRefusal,
  memoryCounterStore,
  type ProfileEntry,
  profileGenericObject,
  registerObject,
  type SecurityEvent,
  type SecurityModule,
  SoftwareSecurityModule,
  sapAssignmentObject,
  securitySetupObject,
} from '../src/index.ts'

// A logical device with the objects of a small meter, over software security modules; what the tests talk to.

export const serverTitle = fromHex('4752430000000001')
export const clientTitle = fromHex('4752434845414431')
export const keys = {
  blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C4'),
  authenticationKey: fromHex('1B2C3D4E5F60718293A4B5C6D7E8F901'),
}
export const startMs = Date.UTC(2026, 0, 1)
export const slot = 1

const publicNames = ['0.0.42.0.0.255', '0.0.1.0.0.255', '0.0.43.1.2.255', '0.0.40.0.0.255', '0.0.40.0.1.255']

export const publicAssociation: AssociationConfig = {
  name: 'public',
  clientSap: 16,
  serverSap: 1,
  mechanism: 'none',
  ciphered: false,
  access: (object, _index, kind) => kind === 'read' && publicNames.includes(object.logicalName),
}

export const managementAssociation: AssociationConfig = {
  name: 'management',
  clientSap: 1,
  serverSap: 1,
  mechanism: 'hls-gmac',
  ciphered: true,
  slot,
  access: (object, _index, kind) =>
    kind !== 'write' || ['0.0.1.0.0.255', '0.0.96.1.9.255'].includes(object.logicalName),
}

export const profileColumns: CaptureObject[] = [
  { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2, dataIndex: 0 },
  { classId: 1, logicalName: '0.0.96.10.1.255', attributeIndex: 2, dataIndex: 0 },
  { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2, dataIndex: 0 },
  { classId: 3, logicalName: '1.0.2.8.0.255', attributeIndex: 2, dataIndex: 0 },
]

const periodMs = 900_000
const profileLength = 31 * 96

/** Entry number `number`, the first at `startMs` plus one period. */
export function profileEntry(number: number): ProfileEntry {
  return [
    cosem.octetString(emitDateTime(dateTimeOf(startMs + number * periodMs))),
    cosem.unsigned(0),
    cosem.doubleLongUnsigned(number * 120),
    cosem.doubleLongUnsigned(0),
  ]
}

const entries = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_unused, i) => profileEntry(first + i))

export interface SampleDevice {
  readonly server: DlmsServer
  readonly events: SecurityEvent[]
  readonly security: SecurityModule
  readonly written: CosemData[]
  /** State of the switch. */
  isConnected(): boolean
}

/** An object whose attribute 2 throws. */
export const faultyObject = dataObject({
  logicalName: '0.0.96.1.8.255',
  value: () => {
    throw new Error('sensor')
  },
})

/** @param moreObjects are added to those every sample device has */
export function sampleDevice(
  options: Partial<DlmsServerOptions> = {},
  moreObjects: readonly CosemObject[] = [],
): SampleDevice {
  const events: SecurityEvent[] = []
  const written: CosemData[] = []
  let isConnected = true
  const security = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: serverTitle,
    slots: (number) => (number === slot ? { ...keys, peerSystemTitle: clientTitle } : undefined),
    counters: memoryCounterStore({ [slot]: { send: 5 } }),
  })
  const objects: CosemObject[] = [
    ...moreObjects,
    dataObject({ logicalName: '0.0.42.0.0.255', value: () => cosem.octetString(fromAscii('GRC0000000000001')) }),
    dataObject({
      logicalName: '0.0.43.1.2.255',
      value: async () => {
        const counters = await security.counters(slot)
        return isRefusal(counters) ? { refused: 'temporary-failure' } : cosem.doubleLongUnsigned(counters.messageFloor)
      },
    }),
    dataObject({
      logicalName: '0.0.96.1.9.255',
      value: () => written.at(-1) ?? cosem.nullData,
      write: (value) => {
        written.push(value)
        return undefined
      },
    }),
    clockObject({ nowMs: () => startMs }),
    registerObject({ logicalName: '1.0.1.8.0.255', value: () => cosem.doubleLongUnsigned(4711), scaler: 0, unit: 30 }),
    profileGenericObject({
      logicalName: '1.0.99.1.0.255',
      captureObjects: profileColumns,
      capturePeriodSeconds: 900,
      profileEntries: profileLength,
      buffer: {
        entriesInUse: () => profileLength,
        byEntry: entries,
        byTime: (fromMs, toMs) =>
          entries(
            Math.max(1, Math.ceil((fromMs - startMs) / periodMs)),
            Math.min(profileLength, Math.floor((toMs - startMs) / periodMs)),
          ),
      },
    }),
    sapAssignmentObject({ devices: () => [{ sap: 1, name: 'GRC0000000000001' }] }),
    associationLnObject({ logicalName: '0.0.40.0.0.255', objects: () => objects }),
    associationLnObject({ logicalName: '0.0.40.0.1.255', association: publicAssociation, objects: () => objects }),
    associationLnObject({
      logicalName: '0.0.40.0.2.255',
      association: managementAssociation,
      objects: () => objects,
      securitySetup: () => '0.0.43.0.2.255',
    }),
    securitySetupObject({
      logicalName: '0.0.43.0.2.255',
      clientSystemTitle: clientTitle,
      serverSystemTitle: serverTitle,
    }),
    disconnectControlObject({
      outputState: () => isConnected,
      controlState: () => (isConnected ? 'connected' : 'disconnected'),
      controlMode: () => 4,
      remoteDisconnect: () => {
        isConnected = false
        return { result: 'success' }
      },
      remoteReconnect: () => {
        isConnected = true
        return { result: 'success' }
      },
    }),
  ]
  const server = new DlmsServer({
    objects,
    associations: [publicAssociation, managementAssociation],
    security,
    onSecurityEvent: (event) => events.push(event),
    ...options,
  })
  return { server, events, security, written, isConnected: () => isConnected }
}

/** The other end of the keys, as a head-end has it. */
export function clientSecurity(parts: { readonly blockCipherKey?: Uint8Array } = {}): SoftwareSecurityModule {
  return new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: clientTitle,
    slots: (number) => (number === 7 ? { ...keys, peerSystemTitle: serverTitle, ...parts } : undefined),
    counters: memoryCounterStore({ 7: { send: 1000 } }),
  })
}
export const clientSlot = 7
