import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import { type CardLink, emitCommand, parseResponse, TerminalError } from '../src/index.ts'

/** One command of an applet: what it refuses, then what it does. Rows follow one another on one card. */
export interface CommandRow<C> {
  /** As the applet's README has it; what stands behind a comma tells cases apart. */
  readonly command: string
  /** What the rows before have not brought about, once. */
  readonly before?: (card: C) => Promise<unknown>
  /** Status word, why, and what is refused. */
  readonly refused?: readonly (readonly [sw: number, why: string, act: (card: C) => Promise<unknown>])[]
  /** What lives until the power goes and the command needs. */
  readonly prepare?: (card: C) => Promise<unknown>
  readonly allowed?: (card: C) => Promise<unknown>
}

/** What went over a link: instruction and status word of each command. */
export interface Recording {
  readonly link: CardLink
  readonly seen: { readonly ins: number; readonly sw: number }[]
}

export function recorded(link: CardLink): Recording {
  const seen: { ins: number; sw: number }[] = []
  return {
    seen,
    link: {
      powerOn: () => link.powerOn(),
      powerOff: () => link.powerOff(),
      async transmit(command) {
        const answer = await link.transmit(command)
        seen.push({ ins: command[1]!, sw: parseResponse(answer).sw })
        return answer
      },
    },
  }
}

/** A command without a client. @returns the refusal, or the answer */
export async function raw(
  link: CardLink,
  cla: number,
  ins: number,
  p1 = 0,
  p2 = 0,
  data: Uint8Array = new Uint8Array(0),
) {
  const command = emitCommand({ cla, ins, p1, p2, ...(data.length > 0 && { data }), ne: 256 })
  const { data: answer, sw } = parseResponse(await link.transmit(command))
  return sw === 0x9000 ? answer : { sw }
}

/** What an act was answered: refusals come as values or, in personalisation, as errors. */
async function swOf(act: () => Promise<unknown>): Promise<number> {
  try {
    const answer = await act()
    return typeof answer === 'object' && answer !== null && 'sw' in answer ? (answer.sw as number) : 0x9000
  } catch (error) {
    if (error instanceof TerminalError && typeof error.place?.['sw'] === 'number') return error.place['sw']
    throw error
  }
}

const hex = (sw: number) => sw.toString(16)

/** Runs the rows. @param counts what memory has seen so far, before and after each allowed command */
export async function runRows<C extends Pick<Recording, 'seen'>>(
  rows: readonly CommandRow<C>[],
  card: C,
  counts: () => { readonly writes: number; readonly bytes: number } = () => ({ writes: 0, bytes: 0 }),
): Promise<Map<string, { writes: number; bytes: number }>> {
  const spent = new Map<string, { writes: number; bytes: number }>()
  for (const { command, before, refused = [], prepare, allowed } of rows) {
    await before?.(card)
    for (const [sw, why, act] of refused) {
      expect(hex(await swOf(() => act(card))), `${command} refused: ${why}`).toBe(hex(sw))
    }
    if (allowed === undefined) continue
    await prepare?.(card)
    const from = counts()
    expect(hex(await swOf(() => allowed(card))), `${command} allowed`).toBe('9000')
    const to = counts()
    spent.set(command, { writes: to.writes - from.writes, bytes: to.bytes - from.bytes })
  }
  return spent
}

/** The applet's README: its commands by instruction, its status words, and what it says of memory. */
export function readmeOf(applet: string) {
  const text = readFileSync(new URL(`../../../applets/${applet}/README.md`, import.meta.url), 'utf8')
  const cells = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const commands = new Map<number, string>()
  const statusWords: number[] = []
  for (const [, first = '', second = ''] of cells) {
    if (/^[0-9A-F]{2}$/.test(first) && /^[A-Z][A-Z ]+$/.test(second)) commands.set(Number.parseInt(first, 16), second)
    if (/^[69][0-9A-F]{3}(, [69][0-9A-F]{3})*$/.test(first)) {
      statusWords.push(...first.split(', ').map((one) => Number.parseInt(one, 16)))
    }
  }
  const numbersOf = (name: string) =>
    cells
      .find(([, first]) => first === name)
      ?.slice(2, 4)
      .map((cell) => Number(cell.replace(/[^0-9]/g, ''))) ?? []
  const silent = /Nothing is written by ([^.]*)\./.exec(text.replaceAll(/\n(?=\S)/g, ' '))?.[1] ?? ''
  return { commands, statusWords, numbersOf, silent: new Set(silent.split(/, | and /)) }
}

/** Each command of the README has been allowed and refused, and each of its status words been answered. */
export function expectCovered(applet: string, seen: Recording['seen'], except: readonly number[] = []): void {
  const { commands, statusWords } = readmeOf(applet)
  expect(commands.size).toBeGreaterThan(10)
  for (const [ins, name] of commands) {
    const answers = seen.filter((one) => one.ins === ins)
    expect
      .soft(
        answers.some(({ sw }) => sw === 0x9000 || sw === 0x6300),
        `${name} is never allowed`,
      )
      .toBe(true)
    expect
      .soft(
        answers.some(({ sw }) => sw !== 0x9000 && sw !== 0x6300),
        `${name} is never refused`,
      )
      .toBe(true)
  }
  for (const sw of statusWords.filter((one) => !except.includes(one))) {
    expect
      .soft(
        seen.some((one) => one.sw === sw),
        `${hex(sw)} is never answered`,
      )
      .toBe(true)
  }
}

/** The README tells writes and bytes of every command: in its table, within a tenth, or among those that write nothing. */
export function expectTold(applet: string, spent: ReadonlyMap<string, { writes: number; bytes: number }>): void {
  const { numbersOf, silent } = readmeOf(applet)
  for (const [command, { writes, bytes }] of spent) {
    if (writes === 0) {
      expect.soft(silent.has(command), `${command} writes nothing, and the README should say so`).toBe(true)
      continue
    }
    const [toldWrites = 0, toldBytes = 0] = numbersOf(command)
    const isTold = Math.abs(toldWrites - writes) <= writes / 10 && Math.abs(toldBytes - bytes) <= bytes / 10
    expect.soft(isTold, `| ${command} | ${writes} | ${bytes.toLocaleString('en')} |`).toBe(true)
  }
}

/** For what a command writes: a refusal before it has often made cipher and signature ready. */
export function withoutRefusals<C>(rows: readonly CommandRow<C>[]): readonly CommandRow<C>[] {
  return rows.map(({ refused: _, ...row }) => row)
}

/** What a card of today measures lies within a tenth of what the README says in the row of this name. */
export function expectAbout(applet: string, row: string, measured: number): void {
  const [told = 0] = readmeOf(applet).numbersOf(row)
  expect
    .soft(Math.abs(told - measured) <= measured / 10, `| ${row} | ${measured.toLocaleString('en')} bytes |`)
    .toBe(true)
}
