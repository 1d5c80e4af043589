import { hexOrUndefined } from '../aid-option.ts'
import { printable } from '../text-layout.ts'
import { parseResponsePattern } from './response-pattern.ts'
import {
  type Expectation,
  givesAnswer,
  requireCommand,
  type Script,
  type ScriptAction,
  type ScriptStep,
  syntaxError,
} from './script.ts'

/**
 * Our script language: one statement a line, `\` at the end of a line continues it, `#` begins a comment.
 * docs/workbench.md has the grammar.
 *
 * @throws WorkbenchError `GRIDCARD_SCRIPT_SYNTAX` with `place.line`
 */
export function parseScript(text: string): Script {
  const steps: ScriptStep[] = []
  for (const { line, statement } of statements(text)) {
    if (!statement.startsWith('>')) {
      steps.push({ line, action: parseAction(statement, line) })
      continue
    }
    const last = steps.pop()
    if (last === undefined || !givesAnswer(last.action)) throw syntaxError(line, 'nothing before it gives an answer')
    if (last.expected !== undefined) throw syntaxError(line, 'a second expectation for one answer')
    steps.push({ ...last, expected: parseExpectation(statement.slice(1).trim(), line) })
  }
  return { startsPowered: true, steps }
}

function* statements(text: string): Generator<{ line: number; statement: string }> {
  let started = 0
  let statement = ''
  const lines = text.split(/\r?\n/)
  for (const [i, source] of lines.entries()) {
    const withoutComment = source.replace(/#.*$/, '').trim()
    const isContinued = withoutComment.endsWith('\\')
    if (statement === '') started = i + 1
    statement += ` ${isContinued ? withoutComment.slice(0, -1) : withoutComment}`
    if (isContinued && i + 1 < lines.length) continue
    if (isContinued) throw syntaxError(i + 1, 'the last line is continued by nothing')
    if (statement.trim() !== '') yield { line: started, statement: statement.trim() }
    statement = ''
  }
}

function parseAction(statement: string, line: number): ScriptAction {
  const [word = '', ...words] = statement.split(/\s+/)
  switch (word) {
    case 'load':
      if (words.length === 0) throw syntaxError(line, 'load FILE.cap')
      return { kind: 'load', path: statement.slice(word.length).trim() }
    case 'install':
      return parseInstall(words, line)
    case 'select':
      if (words.length === 0) throw syntaxError(line, 'select AID')
      return { kind: 'select', aid: requireAid(words.join(''), line) }
    case 'power-cut-after': {
      const [count = ''] = words
      if (words.length !== 1 || !/^\d{1,6}$/.test(count)) throw syntaxError(line, 'power-cut-after NUMBER-OF-WRITES')
      return { kind: 'power-cut-after', writes: Number(count) }
    }
    case 'reset':
    case 'power-off':
      if (words.length > 0) throw syntaxError(line, `${word} stands alone`)
      return { kind: word }
  }
  const bytes = hexOrUndefined(statement)
  if (bytes === undefined) {
    throw syntaxError(
      line,
      `"${printable(word).slice(0, 40)}" is no directive, and the line is not hex digits in pairs`,
    )
  }
  return { kind: 'command', bytes: requireCommand(bytes, line) }
}

/** `install AID [PARAMETERS] [as AID]` */
function parseInstall(words: readonly string[], line: number): ScriptAction {
  const as = words.indexOf('as')
  const [aidText, ...parameterWords] = as === -1 ? words : words.slice(0, as)
  const instanceWords = as === -1 ? [] : words.slice(as + 1)
  const parameters = hexOrUndefined(parameterWords.join(''))
  if (aidText === undefined || parameters === undefined || (as !== -1 && instanceWords.length !== 1)) {
    throw syntaxError(line, 'install AID [PARAMETERS] [as AID], all in hex')
  }
  const aid = requireAid(aidText, line)
  const instanceAid = instanceWords[0] === undefined ? aid : requireAid(instanceWords[0], line)
  return { kind: 'install', aid, instanceAid, parameters }
}

function requireAid(text: string, line: number): Uint8Array {
  const aid = hexOrUndefined(text)
  if (aid !== undefined && aid.length >= 5 && aid.length <= 16) return aid
  throw syntaxError(line, `"${printable(text).slice(0, 40)}" is no AID: 5 to 16 bytes in hex`)
}

/** @throws WorkbenchError */
export function parseExpectation(text: string, line: number): Expectation {
  if (text === 'power-cut') return { kind: 'power-cut' }
  const pattern = parseResponsePattern(text)
  if (pattern !== undefined) return { kind: 'response', pattern }
  throw syntaxError(
    line,
    'an expectation is hex digits in pairs, "." for any digit, one "*" for any bytes; or "power-cut"',
  )
}
