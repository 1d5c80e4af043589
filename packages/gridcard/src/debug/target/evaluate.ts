import { type Frame, objectAt } from '@gridcard/card/monitor'
import { DebugError } from '../errors.ts'
import type { JavaValue, Place, ValueReader } from './value.ts'

type CodeFrame = Extract<Frame, { kind: 'code' }>

/** An expression that means nothing here. For the person who typed it. */
export class ExpressionError extends DebugError {
  constructor(message: string) {
    super('GRIDCARD_EXPRESSION', message)
  }
}

const TOKEN = /\s*(0x[0-9a-fA-F]+|\d+|[A-Za-z_$][\w$]*|<<|>>>|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>()[\].])/y
/** Weakest first. */
const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>', '>>>'],
  ['+', '-'],
  ['*', '/', '%'],
]
const DEEPEST = 50

/**
 * Names, fields, elements of arrays, `length`, numbers, and Java's operators on them. Nothing is called and nothing changed.
 * Arithmetic is Java's, in int.
 *
 * @param frame names are looked up there: variables, fields of `this`, static fields of its class, then of its package
 * @throws ExpressionError
 */
export function evaluate(reader: ValueReader, frame: CodeFrame | undefined, text: string): Place {
  return new Evaluation(reader, frame, tokensOf(text)).whole()
}

/** For conditions. */
export function isTrue(value: JavaValue): boolean {
  return value.kind === 'number' ? value.value !== 0 : value.handle !== 0
}

function tokensOf(text: string): string[] {
  const tokens: string[] = []
  for (let at = 0; at < text.trimEnd().length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at
    const found = TOKEN.exec(text)
    if (found === null) throw new ExpressionError(`not understood: ${text.slice(at).trim().slice(0, 20)}`)
    tokens.push(found[1]!)
  }
  return tokens
}

class Evaluation {
  readonly #reader: ValueReader
  readonly #frame: CodeFrame | undefined
  readonly #tokens: readonly string[]
  #at = 0
  #depth = 0

  constructor(reader: ValueReader, frame: CodeFrame | undefined, tokens: readonly string[]) {
    this.#reader = reader
    this.#frame = frame
    this.#tokens = tokens
  }

  whole(): Place {
    const place = this.#binary(0)
    if (this.#at < this.#tokens.length) throw new ExpressionError(`"${this.#tokens[this.#at]}" is one too many`)
    return place
  }

  #take(wanted: string): boolean {
    if (this.#tokens[this.#at] !== wanted) return false
    this.#at++
    return true
  }

  #require(wanted: string): void {
    if (!this.#take(wanted)) throw new ExpressionError(`"${wanted}" is missing`)
  }

  #binary(level: number): Place {
    const operators = BINARY[level]
    if (operators === undefined) return this.#unary()
    let left = this.#binary(level + 1)
    for (;;) {
      const operator = this.#tokens[this.#at]
      if (operator === undefined || !operators.includes(operator)) return left
      this.#at++
      left = compute(operator, left, this.#binary(level + 1))
    }
  }

  #unary(): Place {
    if (++this.#depth > DEEPEST) throw new ExpressionError('too deep')
    try {
      if (this.#take('-')) return numeric(-numberOf(this.#unary()))
      if (this.#take('~')) return numeric(~numberOf(this.#unary()))
      if (this.#take('!')) return truth(!isTrue(this.#unary().value))
      if (this.#take('(')) return this.#parenthesis()
      return this.#postfix(this.#primary())
    } finally {
      this.#depth--
    }
  }

  /** `(byte) x` is a cast, `(x)` is not. */
  #parenthesis(): Place {
    const type = this.#tokens[this.#at]
    if ((type === 'byte' || type === 'short' || type === 'int') && this.#tokens[this.#at + 1] === ')') {
      this.#at += 2
      const value = numberOf(this.#unary())
      const cut = type === 'byte' ? (value << 24) >> 24 : type === 'short' ? (value << 16) >> 16 : value
      return { name: '', value: { kind: 'number', type, value: cut }, memory: undefined }
    }
    const inner = this.#binary(0)
    this.#require(')')
    return this.#postfix(inner)
  }

  #primary(): Place {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new ExpressionError('something is missing at the end')
    if (/^\d/.test(token)) return numeric(Number(token))
    if (token === 'true' || token === 'false') return truth(token === 'true')
    if (token === 'null')
      return { name: 'null', value: { kind: 'reference', type: 'null', handle: 0 }, memory: undefined }
    if (!/^[A-Za-z_$]/.test(token)) throw new ExpressionError(`"${token}" is not expected there`)
    return this.#named(token)
  }

  #named(name: string): Place {
    const frame = this.#frame
    if (frame !== undefined) {
      const locals = this.#reader.locals(frame)
      const local = locals.find((one) => one.name === name)
      if (local) return local
      const self = locals.find((one) => one.name === 'this')?.value
      const field =
        self?.kind === 'reference' ? this.#reader.fields(self.handle).find((one) => one.name === name) : undefined
      if (field) return field
      const found = this.#static(frame, name)
      if (found) return found
    }
    if (this.#tokens[this.#at] === '.') {
      const member = this.#tokens[this.#at + 1]
      const all = this.#reader.machine.packageList.flatMap((one) => this.#reader.statics(one))
      const found = all.find((one) => one.owner === name && one.name === member)
      if (found) {
        this.#at += 2
        return found
      }
    }
    throw new ExpressionError(`there is no ${name} here`)
  }

  /** The frame's own class before others of its package. */
  #static(frame: CodeFrame, name: string): Place | undefined {
    const named = this.#reader.statics(frame.instance).filter((one) => one.name === name)
    const own = this.#reader.symbols.of(frame.instance.linked.aid)?.methodName(frame.capOffset).split('.')[0]
    return named.find(({ owner }) => owner === own) ?? named[0]
  }

  #postfix(start: Place): Place {
    let place = start
    for (;;) {
      if (this.#take('.')) place = this.#member(place, this.#tokens[this.#at++])
      else if (this.#take('[')) {
        const index = numberOf(this.#binary(0))
        this.#require(']')
        const element = this.#reader.element(handleOf(place), index)
        if (element === undefined) throw new ExpressionError(`${place.name || 'it'} has no element ${index}`)
        place = { ...element, name: `${place.name}[${index}]` }
      } else return place
    }
  }

  #member(place: Place, name: string | undefined): Place {
    const handle = handleOf(place)
    const object = objectAt(this.#reader.machine, handle)
    if (object?.kind === 'array' && name === 'length') return numeric(object.length)
    const field = this.#reader.fields(handle).find((one) => one.name === name)
    if (field === undefined) throw new ExpressionError(`${place.name || 'it'} has no field ${name ?? ''}`)
    return { ...field, name: `${place.name}.${name}` }
  }
}

function numeric(value: number): Place {
  return { name: '', value: { kind: 'number', type: 'int', value: value | 0 }, memory: undefined }
}

function truth(value: boolean): Place {
  return { name: '', value: { kind: 'number', type: 'boolean', value: value ? 1 : 0 }, memory: undefined }
}

function numberOf({ name, value }: Place): number {
  if (value.kind === 'number') return value.value
  throw new ExpressionError(`${name || 'it'} is no number`)
}

function handleOf({ name, value }: Place): number {
  if (value.kind === 'number') throw new ExpressionError(`${name || 'it'} is a number`)
  if (value.handle === 0) throw new ExpressionError(`${name || 'it'} is null`)
  return value.handle
}

function compute(operator: string, left: Place, right: Place): Place {
  if (operator === '&&') return truth(isTrue(left.value) && isTrue(right.value))
  if (operator === '||') return truth(isTrue(left.value) || isTrue(right.value))
  if (operator === '==' || operator === '!=') {
    const word = ({ value }: Place) => (value.kind === 'number' ? value.value : value.handle)
    return truth((word(left) === word(right)) === (operator === '=='))
  }
  const a = numberOf(left)
  const b = numberOf(right)
  switch (operator) {
    case '<':
      return truth(a < b)
    case '>':
      return truth(a > b)
    case '<=':
      return truth(a <= b)
    case '>=':
      return truth(a >= b)
    case '|':
      return numeric(a | b)
    case '^':
      return numeric(a ^ b)
    case '&':
      return numeric(a & b)
    case '<<':
      return numeric(a << b)
    case '>>':
      return numeric(a >> b)
    case '>>>':
      return numeric(a >>> b)
    case '+':
      return numeric(a + b)
    case '-':
      return numeric(a - b)
    case '*':
      return numeric(Math.imul(a, b))
    default:
      if (b === 0) throw new ExpressionError('division by zero')
      return numeric(operator === '/' ? a / b : a % b)
  }
}
