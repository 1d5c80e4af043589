import { toHex } from '@gridcard/bytes'
import { describeStatusWord } from '@gridcard/terminal'
import { printable, spacedHex, WIDTH, wrap } from '../text-layout.ts'
import { differsAt, type ResponsePattern } from './response-pattern.ts'
import type { RanStep } from './run-script.ts'
import type { ScriptAction, ScriptStep } from './script.ts'

/** `  ok     12  `: what stands before each step. */
const INDENT = ' '.repeat(14)
const DIFF_BYTES = 16

const RESULT_WORDS = { passed: 'ok', failed: 'FAILED', sent: '-', told: '-' } as const

/** A step as test output; a failed one with expected and received bytes, and marks where they differ. */
export function describeStep(ran: RanStep): string {
  const { step, result } = ran
  const head = `  ${RESULT_WORDS[result].padEnd(6)}${String(step.line).padStart(4)}  `
  const title = folded(describeAction(step.action))
  if (result === 'failed') return `${head}${title}\n${describeFailure(ran)}`
  const answer = ran.powerWasCut ? 'power cut' : describeAnswer(step.action, ran.response)
  const short = title.split('\n').at(-1)!.length + (title.includes('\n') ? 0 : INDENT.length)
  if (answer === '') return `${head}${title}\n`
  const column = Math.max(40, short + 2)
  if (column + answer.length <= WIDTH) return `${head}${title}${' '.repeat(column - short)}${answer}\n`
  return `${head}${title}\n${wrap(`${INDENT}${answer}`, INDENT)}\n`
}

export function describeAction(action: ScriptAction): string {
  switch (action.kind) {
    case 'load':
      return `load ${printable(action.path)}`
    case 'install': {
      const { aid, instanceAid, parameters } = action
      const instance = toHex(aid) === toHex(instanceAid) ? '' : ` as ${toHex(instanceAid)}`
      return `install ${toHex(aid)}${parameters.length === 0 ? '' : ` ${toHex(parameters)}`}${instance}`
    }
    case 'select':
      return `select ${toHex(action.aid)}`
    case 'command':
      return spacedHex(action.bytes)
    case 'power-cut-after':
      return `power-cut-after ${action.writes}`
    case 'echo':
      return printable(action.text)
    case 'output':
      return `output ${action.isOn ? 'on' : 'off'}`
    default:
      return action.kind
  }
}

function folded(title: string): string {
  return wrap(`${INDENT}${title}`, INDENT).slice(INDENT.length)
}

function describeAnswer(action: ScriptAction, response: Uint8Array | undefined): string {
  if (response === undefined) return ''
  return action.kind === 'install' ? toHex(response) : spacedHex(response)
}

function describeFailure({ step, response, powerWasCut, reason }: RanStep): string {
  const line = (text: string) => `${wrap(`${INDENT}${text}`, `${INDENT}          `)}\n`
  if (reason !== undefined) return line(reason)
  const { expected } = step
  if (expected === undefined || expected.kind === 'power-cut' || response === undefined) {
    const wanted =
      expected === undefined ? '90 00' : expected.kind === 'power-cut' ? 'power cut' : expected.pattern.text
    const received = powerWasCut ? 'power cut' : response === undefined ? 'nothing' : spacedHex(response)
    return `${line(`expected  ${wanted}`)}${line(`received  ${received}`)}${inWords(step, response)}`
  }
  const { pattern } = expected
  if (pattern.tail !== undefined) {
    return `${line(`expected  ${pattern.text}`)}${line(`received  ${spacedHex(response)}`)}${inWords(step, response)}`
  }
  return `${diff(pattern, response)}${inWords(step, response)}`
}

/** Rows of 16 bytes, only those that differ, with the offset of each after the first 16 bytes. */
function diff(pattern: ResponsePattern, response: Uint8Array): string {
  const expected = pattern.text.split(' ')
  const received = response.length === 0 ? [] : spacedHex(response).split(' ')
  let text = ''
  for (let from = 0; from < Math.max(expected.length, received.length); from += DIFF_BYTES) {
    const row = Array.from({ length: DIFF_BYTES }, (_, i) => from + i)
    const marks = row.map((at) => {
      const isThere = at < expected.length || at < received.length
      return isThere && differsAt(pattern, response, at) ? '^^' : '  '
    })
    if (!marks.includes('^^')) continue
    const offset = from === 0 ? '' : `  from byte ${from}`
    const cells = (bytes: readonly string[]) =>
      row
        .map((at) => bytes[at] ?? '  ')
        .join(' ')
        .trimEnd()
    text += `${INDENT}expected  ${cells(expected)}${offset}\n`
    text += `${INDENT}received  ${cells(received)}\n`
    text += `${INDENT}          ${marks.join(' ').trimEnd()}\n`
  }
  return text
}

/** The status word received, in words; an ATR has none. */
function inWords({ action }: ScriptStep, response: Uint8Array | undefined): string {
  if (response === undefined || response.length < 2 || action.kind === 'reset') return ''
  const sw = response.at(-2)! * 256 + response.at(-1)!
  return sw === 0x9000 ? '' : `${INDENT}          ${describeStatusWord(sw)}\n`
}

/** A step as a program reads it. */
export function stepToJson({ step, result, response, powerWasCut, reason }: RanStep) {
  const { line, action, expected } = step
  return {
    line,
    step: describeAction(action),
    result,
    ...(expected && {
      expected: expected.kind === 'response' ? expected.pattern.text.replaceAll(' ', '') : 'power-cut',
    }),
    ...(response && { received: toHex(response) }),
    ...(powerWasCut && { received: 'power-cut' }),
    ...(reason !== undefined && { reason }),
  }
}
