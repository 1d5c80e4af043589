import { toHex } from '@gridcard/bytes'
import {
  type CosemData,
  conformanceNames,
  DlmsError,
  type GetResult,
  logicalNameText,
  numberOf,
  securityPolicy,
} from '@gridcard/dlms'
import { exitCodes } from '../exit-code.ts'
import {
  type ClientOptions,
  parseClientOptions,
  type RawClientOptions,
  type SecurityOptions,
} from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import type { MeterClient } from './meter-client.ts'
import { className } from './reference.ts'
import { keysFor, readCounters, type Session, withManagement, withPublic } from './session.ts'
import { tableLines } from './table.ts'
import { valueText } from './value-text.ts'

/** One object of an association's object list. Rights are undefined where the list tells none that we understand. */
export interface ListedObject {
  readonly classId: number
  readonly version: number
  readonly logicalName: string
  readonly readable: readonly number[]
  readonly writable: readonly number[]
  readonly callable: readonly number[]
  /** Of a meter with short names, whose list tells no rights. */
  readonly baseName?: number
}

interface PublicFindings {
  readonly logicalDeviceName: string | undefined
  readonly clock: string | undefined
  readonly logicalDevices: readonly { readonly sap: number; readonly name: string }[]
  readonly invocationCounters: readonly { readonly logicalName: string; readonly counter: number }[]
}

interface AssociationFindings {
  readonly clientSap: number
  readonly serverMaxPduBytes: number
  readonly conformance: readonly string[]
  readonly serverSystemTitle: string | undefined
  readonly objects: readonly ListedObject[] | undefined
}

/** `gridcard dlms discover`: what a meter tells strangers, and with keys what is in it. */
export async function discover(target: string, raw: RawClientOptions, io: CommandIo): Promise<number> {
  const options = parseClientOptions(target, raw)
  const keys = keysFor(options, io)
  const publicOptions = { ...options, clientSap: keys === undefined ? options.clientSap : undefined }
  // A meter may have no public client at all; with keys there is still something to find.
  const open = await withPublic(publicOptions, io, async (session) => ({
    ...(await lookAround(session)),
    association: await associationOf(session),
  })).catch((error: unknown) => {
    if (keys !== undefined && error instanceof DlmsError) return undefined
    throw error
  })
  const management = keys === undefined ? undefined : await withManagement(options, keys, io, associationOf)
  if (options.json) {
    io.out(`${JSON.stringify({ host: options.host, port: options.port, public: open ?? null, management })}\n`)
    return exitCodes.done
  }
  io.out(`${options.serial === undefined ? `${options.host} port ${options.port}` : options.host}\n\n`)
  if (open === undefined) io.out('  The public client is refused.\n')
  else io.out(publicText(open, open.association))
  if (management !== undefined) io.out(`\n${managementText(management, options)}`)
  else io.out('\n  With a key file (--key-file) the whole object list is shown.\n')
  return exitCodes.done
}

async function lookAround({ client }: Session): Promise<PublicFindings> {
  const [name, clock, saps] = await client.getWithList([
    { attribute: { classId: 1, logicalName: '0.0.42.0.0.255', attributeIndex: 2 } },
    { attribute: { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2 } },
    { attribute: { classId: 17, logicalName: '0.0.41.0.0.255', attributeIndex: 2 } },
  ])
  return {
    logicalDeviceName: textOf(name),
    clock: textOf(clock),
    logicalDevices: saps?.ok ? logicalDevicesOf(saps.data) : [],
    invocationCounters: await readCounters(client),
  }
}

const textOf = (result: GetResult | undefined): string | undefined =>
  result?.ok ? valueText(result.data).replace(/^"(.*)"$/, '$1') : undefined

function logicalDevicesOf(data: CosemData): { sap: number; name: string }[] {
  if (data.type !== 'array') return []
  return data.value.flatMap((entry) => {
    const [sap, name] = entry.type === 'structure' ? entry.value : []
    const number = sap === undefined ? undefined : numberOf(sap)
    if (number === undefined || name === undefined) return []
    return [{ sap: number, name: valueText(name).replace(/^"(.*)"$/, '$1') }]
  })
}

async function associationOf({ client, info, clientSap }: Session): Promise<AssociationFindings> {
  return {
    clientSap,
    serverMaxPduBytes: info.serverMaxPduBytes,
    conformance: conformanceNames(info.conformance),
    serverSystemTitle: info.serverSystemTitle && toHex(info.serverSystemTitle),
    objects: await objectsOf(client),
  }
}

async function objectsOf(client: MeterClient): Promise<ListedObject[] | undefined> {
  const named = await client.objectList?.()
  if (named !== undefined) return named.map((object) => ({ ...object, readable: [], writable: [], callable: [] }))
  const [list] = await client.getWithList([
    { attribute: { classId: 15, logicalName: '0.0.40.0.0.255', attributeIndex: 2 } },
  ])
  return list?.ok ? objectListOf(list.data) : undefined
}

/**
 * The object list of an Association LN of any version. What an entry tells in another way than the books is left out.
 * @source Blue Book ed. 14 §4.4.4: access modes are an enumeration up to version 2 and a bit field from version 3 on
 */
export function objectListOf(data: CosemData): ListedObject[] {
  if (data.type !== 'array') return []
  const entries = data.value.flatMap((entry) => (entry.type === 'structure' ? [entry.value] : []))
  const isAssociation = ([classId]: readonly CosemData[]) => classId !== undefined && numberOf(classId) === 15
  const version = numberOf(entries.find(isAssociation)?.[1] ?? { type: 'null-data' }) ?? 1
  return entries.flatMap(([classId, objectVersion, name, rights]) => {
    const number = classId && numberOf(classId)
    if (number === undefined || name?.type !== 'octet-string' || name.value.length !== 6) return []
    const [attributes, methods] = rights?.type === 'structure' ? rights.value : []
    const modes = modesOf(attributes)
    const may = (bit: number, legacy: readonly number[]) =>
      modes.filter(({ mode }) => (version >= 3 ? (mode & bit) !== 0 : legacy.includes(mode))).map(({ index }) => index)
    return [
      {
        classId: number,
        version: (objectVersion && numberOf(objectVersion)) ?? 0,
        logicalName: logicalNameText(name.value),
        readable: may(1, [1, 3, 4, 6]),
        writable: may(2, [2, 3, 5, 6]),
        callable: modesOf(methods)
          .filter(({ mode }) => mode !== 0)
          .map(({ index }) => index),
      },
    ]
  })
}

function modesOf(data: CosemData | undefined): { index: number; mode: number }[] {
  if (data?.type !== 'array') return []
  return data.value.flatMap((entry) => {
    const [index, mode] = entry.type === 'structure' ? entry.value : []
    const at = index && numberOf(index)
    const value = mode?.type === 'boolean' ? Number(mode.value) : mode && numberOf(mode)
    return at === undefined || value === undefined ? [] : [{ index: at, mode: value }]
  })
}

function publicText(found: PublicFindings, association: AssociationFindings): string {
  const devices = found.logicalDevices.map(({ sap, name }) => `${sap} ${name}`)
  const counters = found.invocationCounters.map(({ logicalName, counter }) => `${counter}  (${logicalName})`)
  const lines = tableLines(
    [
      ['Logical device name', found.logicalDeviceName ?? 'not told'],
      ['Clock', found.clock ?? 'not told'],
      ...labelled('Logical devices', devices),
      ...labelled('Invocation counter', counters),
      ['Longest APDU', `${association.serverMaxPduBytes} bytes`],
    ],
    { indent: '    ' },
  )
  return `  Public client (SAP ${association.clientSap})\n${text(lines)}${objectsText(association.objects)}`
}

const labelled = (label: string, values: readonly string[]): string[][] =>
  values.length === 0 ? [[label, 'not told']] : values.map((value, i) => [i === 0 ? label : '', value])

function managementText(association: AssociationFindings, options: ClientOptions): string {
  const { clientSap, serverSystemTitle, objects, serverMaxPduBytes } = association
  const lines = tableLines(
    [
      ['Server', `SAP ${options.serverSap}, system title ${serverSystemTitle ?? 'not told'}`],
      ['Protection', protectionText(options.security)],
      ['Longest APDU', `${serverMaxPduBytes} bytes`],
    ],
    { indent: '    ' },
  )
  return `  Management client (SAP ${clientSap})\n${text(lines)}${objectsText(objects)}`
}

/** What the association was opened with; a server may ask for more of single answers. */
function protectionText({ mechanism, ciphering }: SecurityOptions): string {
  const name = mechanism === 'hls-gmac' ? 'HLS with GMAC' : mechanism.toUpperCase()
  if (ciphering === false) return `${name}, then everything in clear`
  const signed = (ciphering.policy ?? 0) & securityPolicy.signedRequest ? ', and signed' : ''
  return `${name}, every APDU authenticated and encrypted${signed}`
}

function objectsText(objects: readonly ListedObject[] | undefined): string {
  if (objects === undefined) return '    The object list may not be read.\n'
  const sorted = [...objects].sort((a, b) => a.classId - b.classId || compareNames(a.logicalName, b.logicalName))
  const rows = sorted.map((object) => [
    String(object.classId),
    className(object.classId),
    `v${object.version}`,
    object.logicalName,
    rightsText(object),
  ])
  const count = objects.length === 1 ? 'One object' : `${objects.length} objects`
  const isShort = objects.some(({ baseName }) => baseName !== undefined)
  const heading = ['', 'class', '', 'logical name', isShort ? 'short name' : 'read, write, methods']
  return `\n    ${count}\n${text(tableLines([heading, ...rows], { right: [0], indent: '    ' }))}`
}

function compareNames(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  const differs = left.findIndex((group, i) => group !== right[i])
  return differs < 0 ? 0 : left[differs]! - right[differs]!
}

function rightsText({ readable, writable, callable, baseName }: ListedObject): string {
  if (baseName !== undefined) return baseName.toString(16).toUpperCase().padStart(4, '0')
  const parts = [
    readable.length > 0 ? `r ${ranges(readable)}` : undefined,
    writable.length > 0 ? `w ${ranges(writable)}` : undefined,
    callable.length > 0 ? `m ${ranges(callable)}` : undefined,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? 'no access' : parts.join('; ')
}

/** `1-3,7` */
export function ranges(numbers: readonly number[]): string {
  const parts: string[] = []
  for (let i = 0; i < numbers.length; i++) {
    const first = numbers[i]!
    while (numbers[i + 1] === numbers[i]! + 1) i++
    parts.push(numbers[i] === first ? String(first) : `${first}-${numbers[i]}`)
  }
  return parts.join(',')
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
