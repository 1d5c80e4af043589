import { randomBytes } from 'node:crypto'
import { fromAscii } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type ActionOutcome,
  type CaptureObject,
  type ControlState,
  type CosemData,
  type CosemObject,
  clockObject,
  cosem,
  DlmsServer,
  dataObject,
  dateTimeOf,
  disconnectControlObject,
  emitDateTime,
  listProfileBuffer,
  memoryCounterStore,
  profileGenericObject,
  registerObject,
  type SecurityEvent,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import { serveWrapperTcp } from '@gridcard/dlms/node'
import type { MeterKeys } from '../src/index.ts'

export const headendTitle = fromAscii('GRCHEAD1')

export interface PeerRow {
  readonly endMs: number
  readonly importWh: number
  readonly exportWh: number
  readonly status?: number
}

/**
 * A meter to talk to: the dlms room's own server with keys in software instead of a card. What it holds can be changed
 * while it runs.
 */
export interface PeerMeter {
  readonly serial: string
  readonly systemTitle: Uint8Array
  readonly keys: MeterKeys
  readonly port: number
  readonly host: string
  rows: PeerRow[]
  logs: Record<'standard' | 'fraud' | 'disconnector', { atMs: number; code: number }[]>
  switchState: ControlState
  /** Answer to the next switch commands; moves by itself when undefined. */
  onSwitch: ((to: ControlState) => ActionOutcome) | undefined
  told: { serial: string; clockOffsetMs: number }
  readonly security: SecurityEvent[]
  /** Attributes read so far, `logical name/index`. */
  readonly reads: string[]
  close(): Promise<void>
}

export interface PeerMeterOptions {
  readonly serial: string
  readonly nowMs: () => number
  readonly keys?: MeterKeys
  readonly without?: readonly string[]
  readonly firstCounter?: number
}

export const randomKeys = (): MeterKeys => ({
  blockCipherKey: Uint8Array.from(randomBytes(16)),
  authenticationKey: Uint8Array.from(randomBytes(16)),
})

export async function startPeerMeter(options: PeerMeterOptions): Promise<PeerMeter> {
  const keys = options.keys ?? randomKeys()
  const systemTitle = Uint8Array.from([...fromAscii('GRC'), ...randomBytes(5)])
  const security: SecurityEvent[] = []
  const reads: string[] = []
  const state: Omit<PeerMeter, 'port' | 'close'> = {
    serial: options.serial,
    systemTitle,
    keys,
    host: '127.0.0.1',
    rows: [],
    logs: { standard: [], fraud: [], disconnector: [] },
    switchState: 'connected',
    onSwitch: undefined,
    told: { serial: options.serial, clockOffsetMs: 0 },
    security,
    reads,
  }
  const module = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle,
    slots: (slot) => (slot === 0 ? { ...keys, peerSystemTitle: headendTitle } : undefined),
    counters: memoryCounterStore({ 0: { send: options.firstCounter ?? 0 } }),
  })
  const objects = objectsOf(state, options).filter(({ logicalName }) => !options.without?.includes(logicalName))
  const server = new DlmsServer({
    objects: objects.map((object) => noting(object, reads)),
    associations: [
      {
        name: 'management',
        clientSap: 1,
        serverSap: 1,
        mechanism: 'hls-gmac',
        ciphered: true,
        slot: 0,
        access: () => true,
      },
    ],
    security: module,
    maxPduBytes: 1024,
    onSecurityEvent: (event) => security.push(event),
  })
  const listening = await serveWrapperTcp({ server, host: state.host, port: 0 })
  return Object.assign(state, { port: listening.port, close: () => listening.close() })
}

function noting(object: CosemObject, reads: string[]): CosemObject {
  return {
    ...object,
    read: (index, selection, caller) => {
      reads.push(`${object.logicalName}/${index}`)
      return object.read(index, selection, caller)
    },
  }
}

const clockColumn: CaptureObject = { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2, dataIndex: 0 }
const column = (classId: number, logicalName: string): CaptureObject => ({
  classId,
  logicalName,
  attributeIndex: 2,
  dataIndex: 0,
})

const time = (atMs: number): CosemData => cosem.octetString(emitDateTime(dateTimeOf(atMs)))

function objectsOf(state: Omit<PeerMeter, 'port' | 'close'>, { nowMs }: PeerMeterOptions): CosemObject[] {
  const lastRow = () => state.rows.at(-1)
  const register = (logicalName: string, scaler: number, unit: number, value: () => number) =>
    registerObject({ logicalName, scaler, unit, value: () => cosem.doubleLongUnsigned(value()) })
  const log = (name: 'standard' | 'fraud' | 'disconnector', number: number) =>
    profileGenericObject({
      logicalName: `0.0.99.98.${number}.255`,
      captureObjects: [clockColumn, column(1, `0.0.96.11.${number}.255`)],
      capturePeriodSeconds: 0,
      profileEntries: 256,
      buffer: listProfileBuffer(() =>
        state.logs[name].map(({ atMs, code }) => ({ atMs, values: [time(atMs), cosem.unsigned(code)] })),
      ),
    })
  const move = (to: ControlState): ActionOutcome => {
    if (state.onSwitch !== undefined) return state.onSwitch(to)
    state.switchState = to
    return { result: 'success' }
  }
  return [
    dataObject({
      logicalName: '0.0.42.0.0.255',
      value: () => cosem.octetString(fromAscii(`GRC${state.serial.padStart(13, '0')}`)),
    }),
    dataObject({ logicalName: '0.0.96.1.0.255', value: () => cosem.octetString(fromAscii(state.told.serial)) }),
    clockObject({ nowMs: () => nowMs() + state.told.clockOffsetMs }),
    register('1.0.1.8.0.255', 0, 30, () => lastRow()?.importWh ?? 0),
    register('1.0.2.8.0.255', 0, 30, () => lastRow()?.exportWh ?? 0),
    register('1.0.1.7.0.255', 0, 27, () => 420),
    register('1.0.2.7.0.255', 0, 27, () => 20),
    register('1.0.32.7.0.255', -1, 35, () => 2305),
    profileGenericObject({
      logicalName: '1.0.99.1.0.255',
      captureObjects: [
        clockColumn,
        column(1, '0.0.96.10.1.255'),
        column(3, '1.0.1.8.0.255'),
        column(3, '1.0.2.8.0.255'),
      ],
      capturePeriodSeconds: 900,
      profileEntries: 5000,
      buffer: listProfileBuffer(() =>
        state.rows.map(({ endMs, importWh, exportWh, status }) => ({
          atMs: endMs,
          values: [
            time(endMs),
            cosem.unsigned(status ?? 0),
            cosem.doubleLongUnsigned(importWh),
            cosem.doubleLongUnsigned(exportWh),
          ],
        })),
      ),
    }),
    disconnectControlObject({
      outputState: () => state.switchState === 'connected',
      controlState: () => state.switchState,
      controlMode: () => 4,
      remoteDisconnect: () => move('disconnected'),
      remoteReconnect: () => move('connected'),
    }),
    log('standard', 0),
    log('fraud', 1),
    log('disconnector', 2),
    dataObject({ logicalName: '0.128.96.0.0.255', value: () => cardStatus() }),
  ]
}

function cardStatus(): CosemData {
  const slot = cosem.structure(
    cosem.unsigned(0),
    cosem.doubleLongUnsigned(12),
    cosem.doubleLongUnsigned(34),
    cosem.doubleLongUnsigned(5),
  )
  return cosem.structure(
    cosem.octetString(Uint8Array.of(0xf0, 0x47, 0x52, 0x49, 0x44)),
    cosem.unsigned(1),
    cosem.enumeration(2),
    cosem.boolean(true),
    cosem.doubleLongUnsigned(2048),
    cosem.doubleLongUnsigned(60_000),
    cosem.doubleLongUnsigned(3000),
    cosem.array([slot]),
  )
}

/** Rows of every quarter of an hour from `fromMs` to `toMs`, both included, with 10 Wh more import each. */
export function quarterRows(fromMs: number, toMs: number, importWh = 1000, exportWh = 50): PeerRow[] {
  const rows: PeerRow[] = []
  for (let endMs = fromMs, i = 0; endMs <= toMs; endMs += 900_000, i++) {
    rows.push({ endMs, importWh: importWh + 10 * i, exportWh: exportWh + (i % 2 === 0 ? 0 : 1) + Math.floor(i / 2) })
  }
  return rows
}
