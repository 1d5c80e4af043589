import { BytesError, fromHex } from '@gridcard/bytes'
import { AssemblerError, type AssemblerErrorCode } from '../errors.ts'

/** A word of assembler text and the line it stands on, counted from 1. */
export interface Token {
  readonly text: string
  readonly line: number
}

export function refuse(code: AssemblerErrorCode, message: string, line: number): never {
  throw new AssemblerError(code, `line ${line}: ${message}`, { line })
}

/**
 * Words separated by white space, line by line; empty lines left out. A word that begins with `//` opens a comment to
 * the end of the line. Descriptors contain semicolons and single slashes, so neither can be a comment sign.
 */
export function tokenLines(text: string): Token[][] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line, i) => lineTokens(line, i + 1))
    .filter((tokens) => tokens.length > 0)
}

function lineTokens(text: string, line: number): Token[] {
  const tokens: Token[] = []
  for (const word of text.split(/\s+/)) {
    if (word.startsWith('//')) break
    if (word !== '') tokens.push({ text: word, line })
  }
  return tokens
}

/** Takes tokens front to back. */
export class TokenCursor {
  readonly #tokens: readonly Token[]
  #at = 0
  #line: number

  /** @param line blamed when the tokens run out */
  constructor(tokens: readonly Token[], line: number) {
    this.#tokens = tokens
    this.#line = line
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length
  }

  /** The line of the last token taken. */
  get line(): number {
    return this.#line
  }

  peek(): string | undefined {
    return this.#tokens[this.#at]?.text
  }

  take(what: string): Token {
    const token = this.#tokens[this.#at]
    if (!token) refuse('CAP_ASM_SYNTAX', `${what} expected`, this.#line)
    this.#at++
    this.#line = token.line
    return token
  }

  /** Takes the next token if it is `word`. */
  accept(word: string): boolean {
    if (this.peek() !== word) return false
    this.take(word)
    return true
  }

  expect(word: string): void {
    const token = this.take(word)
    if (token.text !== word) refuse('CAP_ASM_SYNTAX', `${word} expected, not ${token.text}`, token.line)
  }

  /** All that is left. */
  rest(): Token[] {
    const left = this.#tokens.slice(this.#at)
    this.#at = this.#tokens.length
    return left
  }

  requireEnd(): void {
    const extra = this.#tokens[this.#at]
    if (extra) refuse('CAP_ASM_SYNTAX', `${extra.text} not expected here`, extra.line)
  }

  number(what: string): number {
    return numberOf(this.take(what), what)
  }

  /** Hex digits up to the end, in as many words as you like. */
  hex(): Uint8Array {
    return hexOf(this.rest(), this.#line)
  }
}

const NUMBER = /^[-+]?(0[xX][0-9a-fA-F]+|[0-9]+)$/

export function isNumber(text: string): boolean {
  return NUMBER.test(text)
}

/** Decimal or `0x` hex, with sign. */
export function numberOf(token: Token, what: string): number {
  if (!isNumber(token.text)) refuse('CAP_ASM_SYNTAX', `${what} expected, not ${token.text}`, token.line)
  return token.text.startsWith('-') ? -Number(token.text.slice(1)) : Number(token.text.replace('+', ''))
}

export function hexOf(tokens: readonly Token[], line: number): Uint8Array {
  try {
    return fromHex(tokens.map((one) => one.text).join(''))
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    throw new AssemblerError('CAP_ASM_SYNTAX', `line ${line}: ${cause.message}`, { line }, { cause })
  }
}
