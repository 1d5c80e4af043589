import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { meterHardware, meterSoftwareType, versionNumber } from '@gridcard/devices'
import { parseSignedImage, type SoftwareRelease } from '@gridcard/terminal'
import { type LineAppletName, lineAppletNames, ProductionLine } from '@gridcard/terminal/personalisation'
import { readBundledCap } from '../bundled.ts'
import type { CommandIo } from '../dlms/command-io.ts'
import { lockFile } from '../dlms/keys/file-lock.ts'
import { progressLine } from '../dlms/progress-line.ts'
import { LauncherError } from '../errors.ts'
import { exitCodes } from '../exit-code.ts'
import { badOption, parseChoice, parseNumber } from '../gp/options.ts'
import { lineCards } from './line-cards.ts'
import { LineFolder } from './line-folder.ts'

export interface JsonOption {
  readonly json?: true
}

const MOST_CARDS = 1_000_000

const optionsFor = (folder: string) => ({
  files: new LineFolder(folder),
  cards: lineCards(folder),
  crypto: nodeCrypto,
  nowMs: Date.now,
  loadFiles: new Map(lineAppletNames.map((name) => [name, emitComponents(parseCapFile(readBundledCap(name)))])),
  device: { type: meterSoftwareType, hardware: meterHardware },
})

/** One process at a time: two would give one identity twice. */
async function withLine<T>(folder: string, act: (line: ProductionLine) => Promise<T> | T): Promise<T> {
  requireLine(folder)
  const lock = await lockFile(join(folder, 'lock'))
  if ('heldBy' in lock) {
    const by = lock.heldBy === undefined ? '' : ` (process ${lock.heldBy})`
    throw new LauncherError('GRIDCARD_LINE_IN_USE', `the line in ${folder} is at work already${by}`)
  }
  try {
    return await act(ProductionLine.open(optionsFor(folder)))
  } finally {
    lock.release()
  }
}

function requireLine(folder: string): void {
  if (!existsSync(join(folder, 'line.json'))) {
    throw badOption(`there is no line in ${folder}; "gridcard personalise init ${folder}" makes one`)
  }
  const mode = statSync(join(folder, 'line.key'), { throwIfNoEntry: false })?.mode ?? 0
  if ((mode & 0o077) !== 0) {
    throw new LauncherError(
      'GRIDCARD_LINE_EXPOSED',
      `${join(folder, 'line.key')} can be read by others; chmod 600, and think about what they saw`,
    )
  }
}

function print(io: CommandIo, json: boolean | undefined, value: object, text: string): void {
  io.out(json ? `${JSON.stringify(value)}\n` : text)
}

export async function personaliseInit(
  io: CommandIo,
  folder: string,
  options: JsonOption & {
    readonly name: string
    readonly owner: string
    readonly suite: string
    readonly applets?: string
  },
): Promise<number> {
  const applets = parseApplets(options.applets ?? 'metering')
  const suite = Number(parseChoice('--suite', options.suite, ['0', '1', '2'])) as 0 | 1 | 2
  if (existsSync(join(folder, 'line.json')))
    throw badOption(`there is a line in ${folder} already; its keys are never replaced`)
  if (!/^[ -~]{1,40}$/.test(options.name) || /[,=+"\\<>;#]/.test(options.name))
    throw badOption('--name takes plain letters, 40 at most')
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(options.owner))
    throw badOption('--owner takes small letters, digits and hyphens, 32 at most')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  await ProductionLine.create(optionsFor(folder), { name: options.name, owner: options.owner, suite, applets })
  const value = { folder: resolve(folder), name: options.name, owner: options.owner, suite, applets }
  print(
    io,
    options.json,
    value,
    `${folder}  line of ${options.name}, suite ${suite}, ${applets.join(', ')}
  pki/                 root, authorities of devices and organisations, revocation list
  owners/${options.owner}/  certificates and private keys of the owner: hand them over, keep none
  line.key             opens line.sealed; keep it elsewhere when the line stands still
`,
  )
  return exitCodes.done
}

/** In the order of the line; Metering is always among them. */
function parseApplets(text: string): readonly LineAppletName[] {
  const asked = text.split(',').map((one) => parseChoice('--applets', one.trim(), lineAppletNames))
  return lineAppletNames.filter((name) => name === 'metering' || asked.includes(name))
}

export async function personaliseRun(
  io: CommandIo,
  folder: string,
  options: JsonOption & { readonly count: string; readonly first: string; readonly software?: readonly string[] },
): Promise<number> {
  const releases = readReleases(options.software ?? [])
  const count = parseNumber('--count', options.count, 1, MOST_CARDS)
  const first = parseNumber('--first', options.first, 0, 99_999_999 - count)
  return withLine(folder, async (line) => {
    const bar = progressLine(io, 'cards')
    const started = performance.now()
    const step = Math.max(1, Math.floor(count / 20))
    const made = await line.run({
      first,
      count,
      releases,
      progress(done, total, serial) {
        bar.show(`${done} of ${total}, ${serial}`)
        if (!io.showsProgress && (done % step === 0 || done === total)) io.err(`${done} of ${total}\n`)
      },
    })
    bar.end()
    const seconds = (performance.now() - started) / 1000
    const { done, revoked } = line.status
    const perSecond = made === 0 ? 0 : made / seconds
    const rate = made === 0 ? '' : `, ${perSecond.toFixed(1)} a second`
    print(
      io,
      options.json,
      { made, already: count - made, done, revoked, seconds, perSecond },
      `${made} cards made, ${count - made} were done already${rate}; ${done} in all\n`,
    )
    return exitCodes.done
  })
}

/** `1.2.3`, each number 0 to 255, the first to 65535. */
function parseVersion(text: string): number {
  const [major, minor, patch] = text.split('.').map(Number) as [number, number, number]
  if (!/^\d{1,5}\.\d{1,3}\.\d{1,3}$/.test(text) || major > 0xffff || minor > 255 || patch > 255)
    throw badOption(`--version is of the form 1.2.3, not "${text.slice(0, 40)}"`)
  return versionNumber(text)
}

export async function personaliseSoftware(
  io: CommandIo,
  folder: string,
  file: string,
  options: JsonOption & {
    readonly version: string
    readonly rollback: string
    readonly target: string
    readonly out?: string
  },
): Promise<number> {
  const version = parseVersion(options.version)
  const rollback = parseNumber('--rollback', options.rollback, 0, 0xffff_ffff)
  const target = parseNumber('--target', options.target, 0, 3)
  if (!existsSync(file)) throw badOption(`there is no file ${file}`)
  const body = new Uint8Array(readFileSync(file))
  const out = options.out ?? `${file}.image`
  return withLine(folder, async (line) => {
    writeFileSync(out, await line.signSoftware({ body, target, version, rollback }))
    const value = { image: out, version: options.version, rollback, target, sizeBytes: body.length }
    print(
      io,
      options.json,
      value,
      `${out}  version ${options.version}, rollback number ${rollback}, target ${target}\n`,
    )
    return exitCodes.done
  })
}

/** What the images of a command line are, as cards are told of them; whose they are the cards will see. */
function readReleases(files: readonly string[]): SoftwareRelease[] {
  return files.map((file) => {
    if (!existsSync(file)) throw badOption(`there is no file ${file}`)
    return parseSignedImage(new Uint8Array(readFileSync(file))).header
  })
}

export async function personaliseStatus(io: CommandIo, folder: string, options: JsonOption): Promise<number> {
  return withLine(folder, ({ status }) => {
    const { name, suite, applets, done, interrupted, revoked, owners } = status
    const lines = [
      `line of ${name}, suite ${suite}, ${applets.join(', ')}`,
      `done         ${done}`,
      ...Object.entries(owners).map(([owner, count]) => `  of ${owner}  ${count}`),
      `interrupted  ${interrupted.length}${interrupted.length > 0 ? `: ${interrupted.slice(0, 5).join(', ')}${interrupted.length > 5 ? ', ..' : ''}; run again` : ''}`,
      `revoked      ${revoked} certificates`,
    ]
    print(io, options.json, status, `${lines.join('\n')}\n`)
    return exitCodes.done
  })
}

export async function personaliseVerify(io: CommandIo, folder: string, options: JsonOption): Promise<number> {
  return withLine(folder, async (line) => {
    const bar = progressLine(io, 'cards')
    const findings = await line.verify((done, total) => bar.show(`${done} of ${total}`))
    bar.end()
    const { done } = line.status
    const lines = findings.map(({ serial, problem }) => `${serial}  ${problem}\n`).join('')
    print(
      io,
      options.json,
      { cards: done, findings },
      `${lines}${done - findings.length} of ${done} cards are what the line made\n`,
    )
    return findings.length === 0 ? exitCodes.done : exitCodes.failed
  })
}

export async function personaliseOwner(
  io: CommandIo,
  folder: string,
  name: string,
  options: JsonOption,
): Promise<number> {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(name))
    throw badOption('an owner is named in small letters, digits and hyphens, 32 at most')
  return withLine(folder, async (line) => {
    await line.addOwner(name)
    print(io, options.json, { owner: name }, `owners/${name}/  certificates and private keys of ${name}\n`)
    return exitCodes.done
  })
}

export async function personaliseTransfer(
  io: CommandIo,
  folder: string,
  serial: string,
  options: JsonOption & { readonly to: string },
): Promise<number> {
  return withLine(folder, async (line) => {
    await line.transfer(serial, options.to)
    print(
      io,
      options.json,
      { serial, owner: options.to },
      `${serial} is ${options.to}'s; what its last owner knew is void\n`,
    )
    return exitCodes.done
  })
}
