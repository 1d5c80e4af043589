import { printable } from '../text-layout.ts'
import { parseExpectation } from './parse-script.ts'
import {
  type Expectation,
  givesAnswer,
  requireCommand,
  type Script,
  type ScriptAction,
  type ScriptStep,
  syntaxError,
} from './script.ts'

/** `//` comment, `/* *\/` comment, string, `;`, word. A comment that begins with `>` is an expectation of ours. */
const TOKEN = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"[^"\n]*"|;|(?:(?!\/\/|\/\*)[^\s;"])+|\s+|[\s\S]/y

interface Word {
  readonly text: string
  readonly line: number
}

/**
 * Scripts of the vendor kits' apdutool: statements up to `;`, bytes as `0x00`, `//` comments. Expected answers stand in
 * comments, `//> 90 00` after a command, so that apdutool still runs the script.
 *
 * @throws WorkbenchError `GRIDCARD_SCRIPT_SYNTAX` with `place.line`
 */
export function parseApdutoolScript(text: string): Script {
  const steps: ScriptStep[] = []
  let words: Word[] = []
  let isExtended = false
  const finish = () => {
    const mode = extendedMode(words)
    if (mode !== undefined) isExtended = mode
    else if (words.length > 0) steps.push(...parseStatement(words, isExtended))
    words = []
  }
  for (const word of tokens(text)) {
    if (word.text === '/') throw syntaxError(word.line, 'a comment that does not end')
    if (word.text === ';') finish()
    else if (word.text.startsWith('//>')) expect(steps, words, word)
    else if (!word.text.startsWith('//') && !word.text.startsWith('/*')) words.push(word)
  }
  if (words[0] !== undefined) throw syntaxError(words[0].line, 'the statement does not end with ";"')
  return { startsPowered: false, steps }
}

function* tokens(text: string): Generator<Word> {
  let line = 1
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)![0] // every character begins a token
    if (found.trim() !== '') yield { text: found.trimEnd(), line }
    line += found.split('\n').length - 1
    at += found.length
  }
}

function expect(steps: ScriptStep[], open: readonly Word[], { text, line }: Word): void {
  const last = steps.pop()
  if (open.length > 0 || last === undefined || !givesAnswer(last.action)) {
    throw syntaxError(line, 'nothing before it gives an answer')
  }
  if (last.expected !== undefined) throw syntaxError(line, 'a second expectation for one answer')
  const expected: Expectation = parseExpectation(text.slice('//>'.length).trim(), line)
  steps.push({ ...last, expected })
}

function extendedMode([first, second, third]: readonly Word[]): boolean | undefined {
  if (first?.text.toLowerCase() !== 'extended') return undefined
  return onOrOff(first, second, third)
}

function onOrOff(first: Word, second: Word | undefined, third: Word | undefined): boolean {
  const value = second?.text.toLowerCase()
  if (third === undefined && (value === 'on' || value === 'off')) return value === 'on'
  throw syntaxError(first.line, `${first.text} on; or ${first.text} off;`)
}

function parseStatement(words: readonly Word[], isExtended: boolean): ScriptStep[] {
  const [first, second, third] = words
  const { line, text } = first!
  const step = (action: ScriptAction): ScriptStep[] => [{ line, action }]
  const alone = () => {
    if (second !== undefined) throw syntaxError(line, `${text} stands alone`)
  }
  switch (text.toLowerCase()) {
    case 'powerup':
      alone()
      return step({ kind: 'reset' })
    case 'powerdown':
      alone()
      return step({ kind: 'power-off' })
    case 'contacted':
    case 'contactless':
      alone()
      return [] // this card has one interface
    case 'output':
      return step({ kind: 'output', isOn: onOrOff(first!, second, third) })
    case 'delay':
      if (second === undefined || third !== undefined || !/^\d{1,9}$/.test(second.text)) {
        throw syntaxError(line, 'delay MILLISECONDS;')
      }
      return [] // nothing in this card takes time
    case 'echo':
      if (second === undefined || third !== undefined || !/^".*"$/.test(second.text)) {
        throw syntaxError(line, 'echo "text";')
      }
      return step({ kind: 'echo', text: second.text.slice(1, -1) })
  }
  const bytes = Uint8Array.from(words, byteOf)
  return step({ kind: 'command', bytes: isExtended ? requireExtended(bytes, line) : shortCommand(bytes, line) })
}

function byteOf({ text, line }: Word): number {
  if (/^0x[0-9a-f]{1,2}$/i.test(text)) return Number.parseInt(text.slice(2), 16)
  throw syntaxError(line, `"${printable(text).slice(0, 40)}" is neither a command of apdutool nor a byte like 0x1F`)
}

/**
 * apdutool writes CLA INS P1 P2 Lc, data, Le, always with Lc and Le. With Lc 0 the command has no data: ISO/IEC 7816-4
 * leaves Lc out then, and so do we.
 */
function shortCommand(bytes: Uint8Array, line: number): Uint8Array {
  if (bytes.length <= 5) return requireCommand(bytes, line)
  const lc = bytes[4]!
  if (bytes.length !== 5 + lc && bytes.length !== 6 + lc) {
    throw syntaxError(line, `Lc is ${lc}, but ${bytes.length - 5} bytes follow it`)
  }
  return lc === 0 ? Uint8Array.of(...bytes.subarray(0, 4), bytes[5]!) : bytes
}

/** After `extended on;`: as ISO/IEC 7816-4 §5.1 encodes it, `00` and Lc of two bytes, data, Le of two bytes. */
function requireExtended(bytes: Uint8Array, line: number): Uint8Array {
  if (bytes.length === 4) return bytes
  const lc = (bytes[5] ?? 0) * 256 + (bytes[6] ?? 0)
  const fits = bytes[4] === 0 && (bytes.length === 7 || bytes.length === 7 + lc || bytes.length === 9 + lc)
  if (!fits)
    throw syntaxError(line, 'an extended command has 00 and two bytes of Lc, the data, and two bytes of Le or none')
  return requireCommand(bytes, line)
}
