import { readFileSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import { type CardState, cardStates, emitPrivileges, requirePrivilege } from '@gridcard/terminal'
import type { CommandIo } from '../../dlms/command-io.ts'
import {
  badOption,
  type GpOptions,
  type MemoryOptions,
  memoryParameters,
  parseAid,
  parseChoice,
  parseHex,
} from '../options.ts'
import { printEither, requireConsent, withSession } from '../session.ts'

/** An application, a security domain, or a package. */
export async function gpDelete(
  io: CommandIo,
  text: string,
  options: GpOptions & { readonly withInstances?: true },
): Promise<void> {
  const aid = parseAid('AID', text)
  const all = options.withInstances ? ' and all its applets' : ''
  await requireConsent(io, options, `Delete ${toHex(aid)}${all} with their data?`)
  await withSession(io, options, { authenticates: true }, async (session) => {
    const receipt = await session.client.delete(aid, { withInstances: options.withInstances ?? false })
    const confirmationCounter = receipt?.confirmationCounter
    const proof = receipt === undefined ? '' : `, receipt ${confirmationCounter}`
    printEither(session, { deleted: toHex(aid), confirmationCounter }, `${toHex(aid)} deleted${proof}\n`)
  })
}

/** An application, with `--domain` a security domain and all in it, or "card". */
export async function gpLock(
  io: CommandIo,
  text: string,
  options: GpOptions & { readonly domain?: true },
  locks: boolean,
): Promise<void> {
  const isCard = text.toLowerCase() === 'card'
  const aid = isCard ? undefined : parseAid('AID', text)
  if (locks && isCard) await requireConsent(io, options, 'Lock the card? Then only its issuer can use it.')
  await withSession(io, options, { authenticates: true }, async (session) => {
    const { client } = session
    if (aid === undefined) await client.setCardState(locks ? 'CARD_LOCKED' : 'SECURED')
    else if (options.domain) await client.setDomainLocked(aid, locks)
    else await client.setApplicationLocked(aid, locks)
    const what = aid === undefined ? 'card' : toHex(aid)
    printEither(session, { what, isLocked: locks }, `${what} ${locks ? 'locked' : 'unlocked'}\n`)
  })
}

/** The card's life cycle goes on, for good. */
export async function gpState(io: CommandIo, text: string, options: GpOptions): Promise<void> {
  const names = Object.keys(cardStates) as CardState[]
  const state = names.find((name) => name === text.toUpperCase())
  if (state === undefined) throw badOption(`a card's state is one of ${names.join(', ')}`)
  const end = state === 'TERMINATED' ? ' The card is of no use to anybody then.' : ''
  await requireConsent(io, options, `Set the card to ${state} for good?${end}`)
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.setCardState(state)
    printEither(session, { state }, `the card is ${state}\n`)
  })
}

export async function gpDomainCreate(
  io: CommandIo,
  text: string,
  options: GpOptions &
    MemoryOptions & {
      readonly privileges?: string
      readonly params?: string
      readonly package: string
      readonly module: string
    },
): Promise<void> {
  const instanceAid = parseAid('AID', text)
  const names = [...(options.privileges?.split(',') ?? []), 'SecurityDomain'].map(requirePrivilege)
  const privileges = emitPrivileges(names)
  const memory = memoryParameters(options, 'granted')
  const appletParameters = options.params === undefined ? undefined : parseHex('--params', options.params)
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.install({
      loadFileAid: parseAid('--package', options.package),
      moduleAid: parseAid('--module', options.module),
      instanceAid,
      privileges,
      ...memory,
      ...(appletParameters !== undefined && { appletParameters }),
    })
    printEither(
      session,
      { domain: toHex(instanceAid), privileges: names },
      `security domain ${toHex(instanceAid)} created\n`,
    )
  })
}

export async function gpExtradite(
  io: CommandIo,
  text: string,
  options: GpOptions & { readonly to: string },
): Promise<void> {
  const [aid, to] = [parseAid('AID', text), parseAid('--to', options.to)]
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.extradite(aid, to)
    printEither(session, { aid: toHex(aid), domain: toHex(to) }, `${toHex(aid)} belongs to ${toHex(to)}\n`)
  })
}

export async function gpPrivileges(io: CommandIo, text: string, privileges: string, options: GpOptions): Promise<void> {
  const aid = parseAid('AID', text)
  const names = privileges
    .split(',')
    .filter((name) => name !== '')
    .map(requirePrivilege)
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.updateRegistry({ aid, privileges: emitPrivileges(names) })
    printEither(
      session,
      { aid: toHex(aid), privileges: names },
      `${toHex(aid)}: ${names.join(', ') || 'no privileges'}\n`,
    )
  })
}

const FORMATS = { plain: 0x00, dgi: 0x08, ber: 0x10 } as const

/** STORE DATA for an application, or without one for the security domain itself. */
export async function gpPersonalize(
  io: CommandIo,
  text: string | undefined,
  options: GpOptions & { readonly input: string; readonly format: string },
): Promise<void> {
  const aid = text === undefined ? undefined : parseAid('AID', text)
  const format = FORMATS[parseChoice('--format', options.format, ['plain', 'dgi', 'ber'])]
  const blocks = readBlocks(options.input)
  await withSession(io, options, { authenticates: true }, async (session) => {
    if (aid === undefined) await session.client.storeData(blocks, format)
    else await session.client.personalize(aid, blocks, format)
    const whom = aid === undefined ? toHex(session.domainAid) : toHex(aid)
    printEither(session, { aid: whom, blocks: blocks.length }, `${whom} took ${blocks.length} blocks of data\n`)
  })
}

/** One block a line, in hex; what they are is nobody else's business. */
function readBlocks(path: string): Uint8Array[] {
  let lines: string[]
  try {
    lines = readFileSync(path, 'utf8').split('\n')
  } catch (error) {
    throw badOption(`--input: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
  const blocks = lines.map((line) => line.replace(/#.*/, '').trim()).filter((line) => line !== '')
  return blocks.map((line, index) => {
    if (!/^([0-9a-f]{2}\s*)+$/i.test(line)) throw badOption(`--input: block ${index + 1} of ${path} is no hex`)
    return parseHex('--input', line)
  })
}
