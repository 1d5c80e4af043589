import { writeFileSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import type { ChipType, MemoryCardReport } from '@gridcard/card'
import { LauncherError } from '../errors.ts'
import { CardFile, type CodeOutcome } from './card-file.ts'
import { MemoryCommandError } from './errors.ts'
import { hexDump } from './hex-dump.ts'
import { parseCode, parseContent, parseCount } from './options.ts'

/** How the commands speak with the user. */
export interface MemoryConsole {
  print(text: string): void
  /** Asks before what cannot be undone; undefined if there is nobody to ask. */
  confirm(question: string): Promise<boolean | undefined>
}

interface JsonOption {
  readonly json?: true
}

interface YesOption {
  readonly yes?: true
}

export function newMemoryCard(
  io: MemoryConsole,
  path: string,
  o: JsonOption & { readonly chip: string; readonly code?: string },
): void {
  const code = o.code === undefined ? undefined : parseCode('--code', o.code)
  const card = CardFile.create(path, o.chip, code)
  const { title, sizeBytes } = card.chip
  printEither(io, o, { file: path, chip: card.chip.name, sizeBytes }, `${path}  ${title}, ${sizeBytes} bytes\n`)
}

export function readMemoryCard(
  io: MemoryConsole,
  path: string,
  o: JsonOption & { readonly from: string; readonly length?: string; readonly out?: string },
): void {
  CardFile.use(path, (file) => {
    const { name, sizeBytes } = file.card.chip
    const from = parseCount('--from', o.from, 0, sizeBytes - 1)
    const rest = sizeBytes - from
    const length = o.length === undefined ? rest : parseCount('--length', o.length, 1, rest)
    const bytes = file.read(from, length)
    if (o.out !== undefined) {
      writeOut(o.out, bytes)
      printEither(io, o, { chip: name, from, length, out: o.out }, `${o.out}  ${length} bytes\n`)
      return
    }
    printEither(io, o, { chip: name, from, length, hex: toHex(bytes) }, hexDump(bytes, from))
  })
}

export interface WriteOptions extends JsonOption, YesOption {
  readonly at: string
  readonly hex?: string
  readonly text?: string
  readonly input?: string
  readonly code?: string
  readonly protect?: true
}

/** Everything that can be refused is refused before the first byte is written. */
export async function writeMemoryCard(io: MemoryConsole, path: string, o: WriteOptions): Promise<void> {
  const bytes = parseContent(o)
  const plan = CardFile.use(path, (file) => planWrite(file, o, bytes))
  if (o.protect) await requireConsent(io, o, `Protect ${rangeText(plan.at, bytes.length)} of ${path} for good?`)
  if (plan.code !== undefined) await requireLastTryConsent(io, o, path, plan.report)
  CardFile.use(path, (file) => {
    if (plan.code !== undefined) requireAccepted(file.presentCode(plan.code))
    file.write(plan.at, bytes)
    if (o.protect) file.protect(plan.at, bytes)
  })
  const done = `${rangeText(plan.at, bytes.length)} written${o.protect ? ' and protected' : ''}\n`
  printEither(
    io,
    o,
    { chip: plan.report.chip, at: plan.at, length: bytes.length, isProtected: o.protect === true },
    done,
  )
}

interface WritePlan {
  readonly at: number
  readonly code: Uint8Array | undefined
  readonly report: MemoryCardReport
}

function planWrite(file: CardFile, o: WriteOptions, bytes: Uint8Array): WritePlan {
  const { chip } = file.card
  const at = parseCount('--at', o.at, 0, chip.sizeBytes - 1)
  const report = file.card.report()
  if (at + bytes.length > chip.sizeBytes) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `${bytes.length} bytes at ${at} end behind the ${chip.sizeBytes} there are`,
    )
  }
  const code = codeOption(chip, o.code)
  if (chip.family === 'at24c') {
    if (o.protect) throw new LauncherError('GRIDCARD_BAD_OPTION', `an ${chip.title} has no protection`)
    return { at, code, report }
  }
  if (chip.family === 'sle4428' && at + bytes.length > chip.cells.errorCounter) {
    const first = chip.cells.errorCounter
    const message = `bytes from ${first} hold counter and code: change the code with present-code --change`
    throw new LauncherError('GRIDCARD_BAD_OPTION', message)
  }
  if (o.protect && at + bytes.length > chip.protectableBytes) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `an ${chip.title} protects its first ${chip.protectableBytes} bytes only`,
    )
  }
  const old = file.read(at, bytes.length)
  const stuck = report.protectedRanges.find(([first, last]) =>
    bytes.some((byte, i) => byte !== old[i] && at + i >= first && at + i <= last),
  )
  if (stuck) {
    const message = `bytes ${stuck[0]} to ${stuck[1]} are protected for good; nothing was written`
    throw new MemoryCommandError('GRIDCARD_MEMORY_REFUSED', message)
  }
  return { at, code, report }
}

function codeOption(chip: ChipType, text: string | undefined): Uint8Array | undefined {
  if (chip.family === 'at24c') {
    if (text !== undefined) throw new LauncherError('GRIDCARD_BAD_OPTION', `an ${chip.title} has no code`)
    return undefined
  }
  if (text !== undefined) return parseCode('--code', text, chip.codeBytes)
  throw new LauncherError('GRIDCARD_BAD_OPTION', `an ${chip.title} takes writes only with its code: --code`)
}

export async function presentMemoryCode(
  io: MemoryConsole,
  path: string,
  codeText: string,
  o: JsonOption & YesOption & { readonly change?: string },
): Promise<void> {
  const { chip, report } = CardFile.use(path, (file) => ({ chip: file.card.chip, report: file.card.report() }))
  if (chip.family === 'at24c') throw new LauncherError('GRIDCARD_BAD_OPTION', `an ${chip.title} has no code`)
  const code = parseCode('CODE', codeText, chip.codeBytes)
  const newCode = o.change === undefined ? undefined : parseCode('--change', o.change, chip.codeBytes)
  await requireLastTryConsent(io, o, path, report)
  const outcome = CardFile.use(path, (file) => (newCode ? file.changeCode(code, newCode) : file.presentCode(code)))
  if (o.json) io.print(`${JSON.stringify({ ...outcome, isChanged: outcome.isAccepted && newCode !== undefined })}\n`)
  requireAccepted(outcome)
  if (!o.json) io.print(`the code is right${newCode ? ', and changed' : ''}; ${triesText(outcome.triesLeft)}\n`)
}

export function dumpMemoryCard(io: MemoryConsole, path: string, o: JsonOption): void {
  CardFile.use(path, (file) => {
    const report = file.card.report()
    const bytes = file.read(0, report.sizeBytes)
    const state: [string, string][] = [
      ['chip', `${report.title}, ${report.sizeBytes} bytes`],
      ['ATR', toHex(file.atr)],
    ]
    if (report.triesLeft !== undefined) {
      state.push(['code', report.isLocked ? 'locked for good' : triesText(report.triesLeft)])
      const ranges = report.protectedRanges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
      state.push(['protected', ranges.join(', ') || 'nothing'])
    }
    const text = state.map(([name, value]) => `${name.padEnd(10)}${value}\n`).join('')
    printEither(io, o, { ...report, atr: toHex(file.atr), hex: toHex(bytes) }, `${text}\n${hexDump(bytes, 0)}`)
  })
}

async function requireConsent(io: MemoryConsole, o: YesOption, question: string): Promise<void> {
  if (o.yes) return
  const answer = await io.confirm(question)
  if (answer === undefined) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `this cannot be undone, and there is nobody to ask: say --yes. ${question}`,
    )
  }
  if (!answer) throw new MemoryCommandError('GRIDCARD_MEMORY_DECLINED', 'nothing was changed')
}

async function requireLastTryConsent(io: MemoryConsole, o: YesOption, path: string, report: MemoryCardReport) {
  if (report.triesLeft === 1) await requireConsent(io, o, `A wrong code now locks ${path} for good. Present it?`)
}

function requireAccepted({ isAccepted, triesLeft }: CodeOutcome): void {
  if (isAccepted) return
  const what = triesLeft === 0 ? 'the card is locked for good' : `the code is wrong, ${triesText(triesLeft)}`
  throw new MemoryCommandError('GRIDCARD_MEMORY_REFUSED', what, { triesLeft })
}

function triesText(tries: number): string {
  return tries === 1 ? '1 try left' : `${tries} tries left`
}

function rangeText(at: number, length: number): string {
  return length === 1 ? `byte ${at}` : `bytes ${at} to ${at + length - 1}`
}

function printEither(io: MemoryConsole, o: JsonOption, value: object, text: string): void {
  io.print(o.json ? `${JSON.stringify(value)}\n` : text)
}

function writeOut(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes)
  } catch (cause) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `--out: ${(cause as Error).message}`, {}, { cause })
  }
}
