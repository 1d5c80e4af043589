import { fromHex, toHex } from '@gridcard/bytes'
import { describeStatusWord } from '@gridcard/terminal'
import { Answer } from './answer.ts'
import { isPowerLost } from './errors.ts'

interface MatchResult {
  readonly pass: boolean
  message(): string
}

/** What matchers are for: `expect(await card.send(...)).toHaveStatus(0x9000)`. */
export interface CardMatchers<R = unknown> {
  /** Status word, as a number or as hex with `.` for any digit: `'63C.'`. */
  toHaveStatus(expected: number | string): R
  /** Data without status word, in hex (spaces allowed) or bytes. */
  toHaveData(expected: string | Uint8Array): R
  /** At most so many writes to non-volatile memory. */
  toWriteAtMost(writes: number): R
  /** Of a promise: `await expect(card.send(...)).toLosePower()`. */
  toLosePower(): Promise<R>
}

/** For `expect.extend(...)` of vitest, and of Jest. */
export const matchers = {
  toHaveStatus(received: unknown, expected: number | string): MatchResult {
    const answer = requireAnswer(received, 'toHaveStatus')
    const problem = statusProblem(answer, expected)
    return {
      pass: problem === undefined,
      message: () => problem ?? `expected another status word than ${answer.statusText}\n${inContext(answer)}`,
    }
  },
  toHaveData(received: unknown, expected: string | Uint8Array): MatchResult {
    const answer = requireAnswer(received, 'toHaveData')
    const problem = dataProblem(answer, expected)
    return {
      pass: problem === undefined,
      message: () => problem ?? `expected other data than ${answer.hex || 'none'}\n${inContext(answer)}`,
    }
  },
  toWriteAtMost(received: unknown, writes: number): MatchResult {
    const answer = requireAnswer(received, 'toWriteAtMost')
    const { work } = answer
    const places = work.places.map(({ name, writes: count }) => `  ${String(count).padStart(4)}  ${name}`).join('\n')
    return {
      pass: work.writes <= writes,
      message: () => `expected at most ${writes} writes, there were ${work.writes}:\n${places}\n${inContext(answer)}`,
    }
  },
  async toLosePower(received: unknown): Promise<MatchResult> {
    const outcome = await settle(received)
    return {
      pass: outcome === undefined,
      message: () =>
        outcome === undefined ? 'expected the power to stay' : `expected the power to be lost; ${outcome}`,
    }
  },
}

/** Undefined when the power was lost. */
async function settle(promise: unknown): Promise<string | undefined> {
  try {
    const answer = await promise
    return answer instanceof Answer ? `the answer was ${answer}` : 'nothing went wrong'
  } catch (error) {
    if (isPowerLost(error)) return undefined
    throw error
  }
}

export function statusProblem(answer: Answer, expected: number | string): string | undefined {
  const actual = answer.status.toString(16).toUpperCase().padStart(4, '0')
  const pattern = typeof expected === 'number' ? undefined : expected.replaceAll(' ', '').toUpperCase()
  if (pattern !== undefined && !/^[0-9A-F.]{4}$/.test(pattern)) {
    throw new TypeError(
      `a status word is a number or four hex digits with "." for any, not ${JSON.stringify(expected)}`,
    )
  }
  const fits = pattern === undefined ? expected === answer.status : new RegExp(`^${pattern}$`).test(actual)
  if (fits) return undefined
  const wanted = typeof expected === 'number' ? describeStatusWord(expected) : pattern
  return `expected  ${wanted}\nreceived  ${answer.statusText}\n${inContext(answer)}`
}

export function dataProblem(answer: Answer, expected: string | Uint8Array): string | undefined {
  const wanted = toHex(typeof expected === 'string' ? fromHex(expected) : expected)
  if (wanted === answer.hex) return undefined
  const marks = Array.from({ length: Math.max(wanted.length, answer.hex.length) / 2 }, (_, i) =>
    wanted.slice(2 * i, 2 * i + 2) === answer.hex.slice(2 * i, 2 * i + 2) ? '  ' : '^^',
  )
  return [
    `expected  ${spaced(wanted) || 'no data'}`,
    `received  ${spaced(answer.hex) || 'no data'}`,
    `          ${marks.join(' ').trimEnd()}`,
    inContext(answer),
  ].join('\n')
}

const spaced = (hex: string) => hex.match(/../g)?.join(' ') ?? ''

function inContext(answer: Answer): string {
  return `to        ${spaced(toHex(answer.command))}\nanswer    ${answer}`
}

function requireAnswer(received: unknown, matcher: string): Answer {
  if (received instanceof Answer) return received
  const what = received instanceof Promise ? 'a promise: write "await" before card.send(...)' : typeof received
  throw new TypeError(`${matcher} looks at the answer of a card, this is ${what}`)
}
