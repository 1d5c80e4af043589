import { classFlagBits, memberFlagBits } from './flag-words.ts'
import type { ClassDescriptorText, DescriptorText, MethodDescriptorText } from './package-text.ts'
import { refuse, type Token, TokenCursor } from './tokens.ts'

/** The lines between `.descriptor` and its `.end`. */
export function parseDescriptorText(lines: Iterable<Token[]>): DescriptorText {
  const into: DescriptorText = { classes: [], packageClassCounts: [], types: [] }
  for (const [directive, ...rest] of lines) {
    parseLine(directive!, new TokenCursor(rest, directive!.line), into)
  }
  return into
}

function parseLine(directive: Token, cursor: TokenCursor, into: DescriptorText): void {
  switch (directive.text) {
    case '.type':
      into.types.push({ label: cursor.take('label'), nibbles: parseNibbles(cursor) })
      break
    case '.constantTypes':
      into.constantTypes = cursor.rest()
      break
    case '.package':
      into.packageClassCounts.push(0)
      break
    case '.class':
      into.classes.push(parseClassDescriptor(cursor))
      if (into.packageClassCounts.length > 0) into.packageClassCounts.push(into.packageClassCounts.pop()! + 1)
      break
    case '.field':
      lastClass(into, directive).fields.push({
        token: cursor.number('token'),
        flags: memberFlagBits(cursor.take('flags')),
        ref: cursor.take('field'),
        type: cursor.take('type'),
      })
      break
    case '.method':
      lastClass(into, directive).methods.push(parseMethodDescriptor(cursor))
      break
    default:
      refuse('CAP_ASM_UNKNOWN_NAME', `no directive ${directive.text} in a descriptor`, directive.line)
  }
  cursor.requireEnd()
}

function lastClass(into: DescriptorText, directive: Token): ClassDescriptorText {
  const last = into.classes.at(-1)
  if (!last) refuse('CAP_ASM_SYNTAX', `${directive.text} before .class`, directive.line)
  return last
}

/** Type words, or `nibbles` and hex digits, one per nibble. */
function parseNibbles(cursor: TokenCursor): Token[] | number[] {
  if (!cursor.accept('nibbles')) return cursor.rest()
  const digits = cursor.isAtEnd ? { text: '', line: cursor.line } : cursor.take('digits')
  if (!/^[0-9a-fA-F]*$/.test(digits.text)) refuse('CAP_ASM_SYNTAX', `hex digits expected`, digits.line)
  return Array.from(digits.text, (digit) => Number.parseInt(digit, 16))
}

function parseClassDescriptor(cursor: TokenCursor): ClassDescriptorText {
  const name = cursor.take('class')
  const token = cursor.number('token')
  const flags = classFlagBits(cursor.take('flags'))
  const interfaces = cursor.accept('implements') ? cursor.rest() : []
  return { class: name, token, flags, interfaces, fields: [], methods: [] }
}

function parseMethodDescriptor(cursor: TokenCursor): MethodDescriptorText {
  return {
    token: cursor.number('token'),
    flags: memberFlagBits(cursor.take('flags')),
    method: cursor.accept('-') ? undefined : cursor.take('method'),
    type: cursor.take('type'),
    sizeBytes: cursor.accept('size') ? cursor.number('bytes') : undefined,
    handlerCount: cursor.accept('handlers') ? cursor.number('handlers') : undefined,
    handlerIndex: cursor.accept('from') ? cursor.number('handler index') : undefined,
  }
}
