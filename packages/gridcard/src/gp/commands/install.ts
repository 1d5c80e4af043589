import { readFileSync } from 'node:fs'
import { GridcardError, toHex } from '@gridcard/bytes'
import { type CapFile, emitComponents, parseCapFile, parseComponents } from '@gridcard/cap'
import type { HashName } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitPrivileges, requirePrivilege, sign, type UpgradeSession } from '@gridcard/terminal'
import type { CommandIo } from '../../dlms/command-io.ts'
import { progressLine } from '../../dlms/progress-line.ts'
import { GpCommandError } from '../errors.ts'
import {
  badOption,
  type GpOptions,
  type MemoryOptions,
  memoryParameters,
  parseAid,
  parseChoice,
  parseHex,
} from '../options.ts'
import { readSigningKey } from '../pem-keys.ts'
import { type GpSession, printEither, requireConsent, withSession } from '../session.ts'

export interface LoadFileOptions extends GpOptions {
  readonly domain?: string
  readonly hash?: string
  readonly dapKey?: string
  readonly dapDomain?: string
  readonly blockSize?: string
}

export interface InstallOptions extends LoadFileOptions, MemoryOptions {
  readonly applet?: string
  readonly instance?: string
  readonly params?: string
  readonly privileges?: string
  readonly loadOnly?: true
  readonly replace?: true
}

/** What a file of components begins with. @source JCVM 3.1 §6.3 */
const HEADER_TAG = 1
const HASHES = ['sha1', 'sha256', 'sha384', 'sha512'] as const satisfies readonly HashName[]

/** Reads a CAP file, or the components one after the other. @throws LauncherError `GRIDCARD_BAD_OPTION` */
function readCap(path: string): CapFile {
  try {
    const bytes = new Uint8Array(readFileSync(path))
    return bytes[0] === HEADER_TAG ? parseComponents(bytes) : parseCapFile(bytes)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') throw badOption(`there is no file ${path}`, error)
    if (error instanceof GridcardError) throw badOption(`${path} is no CAP file that can be loaded: ${message}`, error)
    throw error
  }
}

/** Loads a CAP file and installs its applets, each as itself unless said otherwise. */
export async function gpInstall(io: CommandIo, path: string, options: InstallOptions): Promise<void> {
  const cap = readCap(path)
  const wanted = instancesOf(cap, options)
  const appletParameters = options.params === undefined ? undefined : parseHex('--params', options.params)
  const privileges = emitPrivileges((options.privileges?.split(',') ?? []).map(requirePrivilege))
  const memory = memoryParameters(options, 'quota')
  const loadFileAid = cap.header.package.aid
  if (options.replace) {
    await requireConsent(
      io,
      options,
      `Delete package ${toHex(loadFileAid)} and its applets with their data, if it is there?`,
    )
  }
  await withSession(io, options, { authenticates: true }, async (session) => {
    const { client } = session
    if (options.replace) await deleteIfThere(session, loadFileAid)
    const loadBytes = await loadPackage(session, cap, options)
    for (const { moduleAid, instanceAid } of wanted) {
      await client.install({
        loadFileAid,
        moduleAid,
        instanceAid,
        privileges,
        ...memory,
        ...(appletParameters !== undefined && { appletParameters }),
      })
    }
    const instances = wanted.map(({ instanceAid }) => toHex(instanceAid))
    const text = [
      `package ${toHex(loadFileAid)} loaded, ${loadBytes} bytes`,
      ...instances.map((aid) => `applet ${aid} installed`),
    ]
    printEither(
      session,
      { loadFile: toHex(loadFileAid), bytes: loadBytes, instances, ...client.counters },
      `${text.join('\n')}\n`,
    )
  })
}

function instancesOf(cap: CapFile, { applet, instance, loadOnly }: InstallOptions) {
  if (loadOnly) return []
  const modules = (cap.applet?.applets ?? []).map(({ aid }) => aid)
  const chosen = applet === undefined ? modules : [parseAid('--applet', applet)]
  for (const aid of chosen) {
    if (!modules.some((module) => toHex(module) === toHex(aid))) {
      throw badOption(`the package has no applet ${toHex(aid)}, but: ${modules.map(toHex).join(', ') || 'none'}`)
    }
  }
  if (instance === undefined) return chosen.map((moduleAid) => ({ moduleAid, instanceAid: moduleAid }))
  if (chosen.length !== 1) throw badOption('--instance names one applet: choose it with --applet')
  return [{ moduleAid: chosen[0]!, instanceAid: parseAid('--instance', instance) }]
}

async function deleteIfThere({ client }: GpSession, aid: Uint8Array): Promise<void> {
  try {
    await client.delete(aid, { withInstances: true })
  } catch (error) {
    const isAbsent = error instanceof GridcardError && error.place['sw'] === 0x6a88
    if (!isAbsent) throw error
  }
}

/** @returns bytes of the load file */
async function loadPackage(session: GpSession, cap: CapFile, options: LoadFileOptions): Promise<number> {
  let total = 0
  const progress = progressLine(session.io, 'Loading')
  try {
    await session.client.load(
      loadOptions(cap, options, (sent, of) => {
        total = of
        progress.show(`${sent} of ${of} bytes`)
      }),
    )
  } finally {
    progress.end()
  }
  return total
}

function loadOptions(cap: CapFile, options: LoadFileOptions, progress: (sent: number, of: number) => void) {
  const dataBlock = emitComponents(cap)
  const needsHash = options.dapKey !== undefined || options.tokenKey !== undefined
  const hash = options.hash === undefined ? undefined : parseChoice('--hash', options.hash, HASHES)
  const chosen = hash ?? (needsHash ? 'sha256' : undefined)
  const dap = dapBlock(options, dataBlock, chosen)
  return {
    loadFileAid: cap.header.package.aid,
    dataBlock,
    progress,
    ...(options.domain !== undefined && { domainAid: parseAid('--domain', options.domain) }),
    ...(chosen !== undefined && { hash: chosen }),
    ...(dap !== undefined && { dapBlocks: [dap] }),
    ...(options.blockSize !== undefined && { blockBytes: blockBytes(options.blockSize) }),
  }
}

function blockBytes(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 65_000) throw badOption('--block-size takes 1 to 65000 bytes')
  return value
}

function dapBlock({ dapKey, dapDomain }: LoadFileOptions, dataBlock: Uint8Array, hash: HashName | undefined) {
  if (dapKey === undefined || hash === undefined) return undefined
  if (dapDomain === undefined) throw badOption('--dap-key also needs --dap-domain: who is to check the signature')
  const signature = sign(nodeCrypto, readSigningKey('--dap-key', dapKey), nodeCrypto.hash(hash, dataBlock))
  return { domainAid: parseAid('--dap-domain', dapDomain), signature }
}

export interface UpgradeOptions extends LoadFileOptions {
  readonly resume?: true
  readonly abort?: true
  readonly status?: true
}

/** A new version of a package; its applets keep their data. */
export async function gpUpgrade(io: CommandIo, path: string | undefined, options: UpgradeOptions): Promise<void> {
  const actions = [path, options.resume, options.abort, options.status].filter((one) => one !== undefined)
  if (actions.length !== 1) throw badOption('one of: a CAP file, --resume, --abort, --status')
  const cap = path === undefined ? undefined : readCap(path)
  await withSession(io, options, { authenticates: true }, async (session) => {
    const done = cap === undefined ? await continued(session, options) : await started(session, cap, options)
    const about = done.loadFile === undefined ? '' : ` (package ${done.loadFile})`
    printEither(session, done, `upgrade: ${done.stateName}${about}\n`)
    if (!options.status && !options.abort && done.state > 1) {
      throw new GpCommandError(
        'GRIDCARD_GP_UPGRADE_UNFINISHED',
        'the upgrade is not finished: --resume goes on, --abort takes it back',
      )
    }
  })
}

async function started(session: GpSession, cap: CapFile, options: UpgradeOptions): Promise<UpgradeSession> {
  const progress = progressLine(session.io, 'Loading')
  try {
    return await session.client.upgrade(
      loadOptions(cap, options, (sent, of) => progress.show(`${sent} of ${of} bytes`)),
    )
  } finally {
    progress.end()
  }
}

function continued({ client }: GpSession, { abort, status }: UpgradeOptions): Promise<UpgradeSession> {
  return client.manageUpgrade(status ? 'status' : abort ? 'abort' : 'resume')
}
