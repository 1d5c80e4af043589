import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { nodeCrypto } from '@gridcard/crypto/node'
import { DlmsError, type SecurityEvent, SoftwareSecurityModule, serveHdlcStream } from '@gridcard/dlms'
import { nodeTimer, openSerialPort, serveHdlcTcp, serveWrapperTcp, serveWrapperUdp } from '@gridcard/dlms/node'
import { LauncherError } from '../../errors.ts'
import { exitCodes } from '../../exit-code.ts'
import { integer } from '../client-options.ts'
import type { CommandIo } from '../command-io.ts'
import { DlmsToolError } from '../errors.ts'
import { type AssociationKeys, findKeys, keySetOf, systemCode } from '../keys/association-keys.ts'
import { CounterFile } from '../keys/counter-file.ts'
import { countersPathOf } from '../session.ts'
import { Device, managementSlot } from './device.ts'
import { type DeviceModel, parseModel } from './model.ts'
import { pushPort } from './push-port.ts'

export interface RawServeOptions {
  readonly host?: string
  readonly port?: string
  readonly keyFile?: string
  readonly counters?: string
  readonly counterStart?: string
  readonly hdlc?: true
  readonly udp?: true
  readonly serial?: string
  readonly baud?: string
  readonly push?: true
  readonly json?: true
}

export interface ServeSurroundings {
  /** Ends the server. */
  readonly signal: AbortSignal
  readonly nowMs?: () => number
}

/** `gridcard dlms serve`: a DLMS server from a description, until it is stopped. */
export async function serve(
  modelPath: string,
  raw: RawServeOptions,
  io: CommandIo,
  { signal, nowMs = Date.now }: ServeSurroundings,
): Promise<number> {
  const baud = lineOf(raw)
  const port = integer('--port', raw.port ?? '0', 0, 65535)
  const host = raw.host ?? '127.0.0.1'
  const counterStart = integer('--counter-start', raw.counterStart ?? '0', 0, 0xffff_fffe)
  const model = parseModel(readJson(modelPath), modelPath)
  const keys = findKeys(raw.keyFile, io.env)
  const counters = keys && (await openCounters(keys, raw, counterStart, io))
  const log = (text: string) => io.err(`${new Date(nowMs()).toISOString().slice(11, 19)} ${text}\n`)
  try {
    const security = keys && counters && moduleOf(keys, counters)
    const push = raw.push && pushPort({ security, keys, slot: managementSlot, serverSap: model.serverSap, log })
    const device = new Device({
      model,
      keys,
      security,
      push,
      nowMs,
      onSecurityEvent: (event) => log(eventText(event)),
      onChange: log,
    })
    const listening =
      raw.serial === undefined
        ? await listen(device, { host, port, over: raw.udp ? 'udp' : raw.hdlc ? 'hdlc' : 'tcp' })
        : await listenAt(device, raw.serial, baud)
    const capturing = setInterval(() => {
      device.captureDue()
      device.tick().catch((error: unknown) => log(`a tick failed: ${error instanceof Error ? error.name : 'unknown'}`))
    }, 1000)
    try {
      announce(model, device, listening.at, raw.json === true, io)
      if (!signal.aborted) await Promise.race([once(signal, 'abort'), listening.failed])
    } finally {
      clearInterval(capturing)
      await listening.close()
    }
  } finally {
    counters?.close()
  }
  return exitCodes.done
}

/** Reads a model. @throws DlmsToolError `GRIDCARD_MODEL_INVALID` */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof SyntaxError ? `is not JSON: ${error.message}` : `cannot be read (${systemCode(error)})`
    throw new DlmsToolError('GRIDCARD_MODEL_INVALID', `${path} ${why}`)
  }
}

async function openCounters(
  keys: AssociationKeys,
  raw: RawServeOptions,
  counterStart: number,
  io: CommandIo,
): Promise<CounterFile> {
  const path = countersPathOf(raw.counters, keys, 'server-counters')
  const counters = await CounterFile.open({
    path,
    ownSystemTitle: keys.serverSystemTitle,
    peerSystemTitle: keys.clientSystemTitle,
    blockCipherKey: keys.blockCipherKey,
    floors: 'each',
  })
  if (counters.next === undefined) {
    io.err(`${path}: no counters of these keys yet, they begin at ${counterStart}\n`)
  }
  counters.raiseTo(counterStart)
  return counters
}

function moduleOf(keys: AssociationKeys, counters: CounterFile): SoftwareSecurityModule {
  return new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: keys.serverSystemTitle,
    slots: (slot) => (slot === managementSlot ? keySetOf(keys, 'server') : undefined),
    counters,
  })
}

const ways = { tcp: serveWrapperTcp, hdlc: serveHdlcTcp, udp: serveWrapperUdp }

interface Listening {
  readonly at: { readonly host: string; readonly port: number } | { readonly serial: string; readonly baud: number }
  /** Fails when the line is gone; never more than that. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

/** The options of the line, which exclude each other. @returns the speed of a serial port */
function lineOf({ udp, hdlc, serial, baud, host, port }: RawServeOptions): number {
  const bad = (message: string) => new LauncherError('GRIDCARD_BAD_OPTION', message)
  if (udp && hdlc) throw bad('--udp and --hdlc contradict each other')
  if (serial !== undefined && (udp || (host ?? '127.0.0.1') !== '127.0.0.1' || (port ?? '0') !== '0')) {
    throw bad('--serial is a line of its own: without --udp, --host and --port')
  }
  if (serial === undefined && baud !== undefined) throw bad('--baud is for --serial')
  return integer('--baud', baud ?? '9600', 50, 4_000_000)
}

async function listen(
  { server }: Device,
  { host, port, over }: { readonly host: string; readonly port: number; readonly over: keyof typeof ways },
): Promise<Listening> {
  try {
    const listener = await ways[over]({ server, host, port })
    const never = new Promise<never>(() => {})
    return { at: { host, port: listener.port }, failed: never, close: () => listener.close() }
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    throw new DlmsToolError(
      'GRIDCARD_CANNOT_LISTEN',
      `cannot listen on ${host} port ${port} (${systemCode(error.cause)})`,
    )
  }
}

async function listenAt({ server }: Device, path: string, baud: number): Promise<Listening> {
  try {
    const { stream } = await openSerialPort(path, { baud, characters: '8N1' })
    let isClosing = false
    const failed = new Promise<never>((_resolve, reject) => {
      stream.onClose((cause) => {
        if (!isClosing) reject(new DlmsToolError('GRIDCARD_CANNOT_LISTEN', `${path} is gone (${systemCode(cause)})`))
      })
    })
    serveHdlcStream({ server, stream, timer: nodeTimer })
    const close = async () => {
      isClosing = true
      stream.close()
    }
    return { at: { serial: path, baud }, failed, close }
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    throw new DlmsToolError('GRIDCARD_CANNOT_LISTEN', `cannot use ${path} (${systemCode(error.cause)})`)
  }
}

function announce(model: DeviceModel, device: Device, at: Listening['at'], json: boolean, io: CommandIo): void {
  const associations = device.associations.map(({ name, clientSap }) => ({ name, clientSap }))
  if (json) {
    const { logicalDeviceName, serverSap } = model
    const told = { ...at, pid: process.pid, logicalDeviceName, serverSap, objects: device.objectCount, associations }
    io.out(`${JSON.stringify(told)}\n`)
    return
  }
  const clients = associations.map(({ name, clientSap }) => `${name} (client SAP ${clientSap})`).join(', ')
  const where = 'serial' in at ? `${at.serial}, ${at.baud} baud` : `${at.host} port ${at.port}`
  io.out(`${model.logicalDeviceName} on ${where}, server SAP ${model.serverSap}\n`)
  io.out(`${device.objectCount} objects; associations: ${clients}\n`)
  io.out('Ctrl-C stops it.\n')
}

const eventText = ({ kind, reason, clientSap, association }: SecurityEvent): string =>
  `${kind} ${association ?? '-'} (client SAP ${clientSap}): ${reason}`
