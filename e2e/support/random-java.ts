/** A small generator of numbers 0 <= n < 1 that gives the same sequence for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

const INSENSITIVE = ['+', '-', '*', '&', '|', '^', '<<']
const SENSITIVE = ['/', '%', '>>', '>>>']
const COMPARISONS = ['<', '<=', '>', '>=', '==', '!=']
const LITERALS = [0, 1, 2, 3, 5, 7, 8, 15, 16, 31, 100, 127, 128, 255, 256, 1000, 4096, 32767]

/** How often an operand that needs its exact value is cast as Java Card asks; the rest mostly gets refused. */
const CAST_OFTEN = 0.6

/**
 * Writes random Java classes whose one method computes a short from two shorts and a byte: arithmetic with and without
 * casts, compound assignments, loops, switches, arrays, exceptions. Each is valid Java; whether a card can run it is the
 * converter's to say.
 */
export class RandomJava {
  readonly #random: () => number
  /** Names of variables in scope: shorts, bytes, and byte or short arrays of eight elements. */
  #shorts: string[] = []
  #bytes: string[] = []
  /** Loop counters may be read, not written: loops must end. */
  #counters: string[] = []
  #next = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  classSource(packageName: string, className: string): string {
    this.#shorts = ['a', 'b']
    this.#bytes = ['c']
    this.#counters = []
    this.#next = 0
    const body = this.#statements(3 + this.#below(5), 2)
    return `package ${packageName};
final class ${className} {
  static short run(short a, short b, byte c) {
    byte[] bytes = {1, -2, 30, -40, 100, -128, 127, 0};
    short[] shorts = {1, -2, 300, -400, 10000, -32768, 32767, 0};
    short result = a;
${body}
    for (short last = 0; last < 8; last++) result = (short) (result * 31 + bytes[last] + shorts[last]);
    return result;
  }
}
`
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)]!
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #statements(count: number, depth: number): string {
    const [shorts, bytes, counters] = [[...this.#shorts], [...this.#bytes], [...this.#counters]]
    const lines = Array.from({ length: count }, () => this.#statement(depth))
    this.#shorts = shorts
    this.#bytes = bytes
    this.#counters = counters
    return lines.join('\n')
  }

  #statement(depth: number): string {
    const kind = this.#below(depth > 0 ? 13 : 7)
    switch (kind) {
      case 0:
      case 1:
        return this.#declaration()
      case 2:
        return `result = (short) (${this.#int(3)});`
      case 3:
      case 4: {
        const target = this.#chance(0.7) ? this.#pick([...this.#shorts, 'result']) : this.#pick(this.#bytes)
        const [operator, operand] = this.#operation(2)
        return `${target} ${operator}= ${operand};`
      }
      case 5:
        return `${this.#pick([...this.#shorts, ...this.#bytes])}${this.#pick(['++', '--'])};`
      case 6: {
        const array = this.#pick(['bytes', 'shorts'])
        const type = array === 'bytes' ? 'byte' : 'short'
        if (this.#chance(0.5)) return `${array}[${this.#index()}] ${this.#pick(INSENSITIVE)}= ${this.#int(2)};`
        return `${array}[${this.#index()}] = (${type}) (${this.#int(2)});`
      }
      case 7:
        return `if (${this.#condition(2)}) {\n${this.#statements(2, depth - 1)}\n} else {\n${this.#statements(1, depth - 1)}\n}`
      case 8:
        return this.#loop(depth)
      case 9:
        return this.#switch(depth)
      case 10:
        return this.#attempt(depth)
      case 11:
        return `for (${this.#pick(['byte'])} one : bytes) { result += one; if (${this.#condition(1)}) break; }`
      default: {
        const counter = `n${this.#next++}`
        this.#counters.push(counter)
        const body = this.#statements(2, depth - 1)
        return `short ${counter} = ${this.#below(6)};\nwhile (${counter}-- > 0 && ${this.#condition(1)}) {\n${body}\n}`
      }
    }
  }

  #declaration(): string {
    const name = `v${this.#next++}`
    if (this.#chance(0.7)) {
      const text = `short ${name} = (short) (${this.#int(3)});`
      this.#shorts.push(name)
      return text
    }
    const text = `byte ${name} = (byte) (${this.#int(3)});`
    this.#bytes.push(name)
    return text
  }

  #loop(depth: number): string {
    const counter = `i${this.#next++}`
    const type = this.#pick(['short', 'byte'])
    this.#counters.push(counter)
    const body = this.#statements(2, depth - 1)
    const head = this.#chance(0.5)
      ? `${type} ${counter} = 0; ${counter} < ${1 + this.#below(9)}; ${counter}++`
      : `${type} ${counter} = ${this.#below(20)}; ${counter} >= 0; ${counter} -= ${1 + this.#below(4)}`
    const loop = `for (${head}) {\n${body}\n${this.#chance(0.3) ? `if (${this.#condition(1)}) continue; result ^= 5;` : ''}\n}`
    this.#counters = this.#counters.filter((one) => one !== counter)
    return loop
  }

  #switch(depth: number): string {
    const dense = this.#chance(0.5)
    const values = new Set(Array.from({ length: 4 }, () => (dense ? this.#below(7) - 1 : this.#below(65536) - 32768)))
    const cases = [...values].map(
      (value) => `case ${value}: ${this.#statements(1, depth - 1)} ${this.#chance(0.7) ? 'break;' : ''}`,
    )
    const selector = dense ? `(short) (${this.#int(2)}) & 7` : `(short) (${this.#int(2)})`
    return `switch (${selector}) {\n${cases.map((one) => one.replace(/^(case [^:]*): ([\s\S]*)$/, '$1: { $2 }')).join('\n')}\ndefault: result--;\n}`
  }

  #attempt(depth: number): string {
    const body = this.#statements(2, depth - 1)
    const risk = this.#pick([
      `result += ${this.#exact(1)} / ${this.#exact(1)};`,
      `result += bytes[${this.#exact(1)}];`,
      `result += new byte[${this.#exact(1)} & 63].length;`,
      `if (${this.#condition(1)}) throw new ArithmeticException();`,
    ])
    const after = this.#chance(0.5) ? `finally { result = (short) (result * 3 + 1); }` : ''
    return `try {\n${risk}\n${body}\n} catch (ArithmeticException e) { result += 11; } catch (ArrayIndexOutOfBoundsException e) { result ^= 77; } ${after}`
  }

  #condition(depth: number): string {
    if (depth > 1 && this.#chance(0.3)) {
      return `(${this.#condition(depth - 1)} ${this.#pick(['&&', '||'])} ${this.#condition(depth - 1)})`
    }
    return `${this.#exact(depth)} ${this.#pick(COMPARISONS)} ${this.#exact(depth)}`
  }

  #index(): string {
    return this.#chance(0.7) ? `(${this.#int(2)}) & 7` : this.#exact(1)
  }

  /** An operator and its right operand. */
  #operation(depth: number): readonly [operator: string, operand: string] {
    if (this.#chance(0.7)) return [this.#pick(INSENSITIVE), this.#int(depth)]
    return [this.#pick(SENSITIVE), this.#exact(depth)]
  }

  /** An int expression, mostly cast so that its exact value is a short's. */
  #exact(depth: number): string {
    if (depth > 0 && this.#chance(CAST_OFTEN))
      return `(${this.#pick(['short', 'short', 'byte'])}) (${this.#int(depth)})`
    return this.#chance(0.5) ? `(${this.#int(depth)})` : this.#leaf()
  }

  #int(depth: number): string {
    if (depth === 0) return this.#leaf()
    switch (this.#below(8)) {
      case 0:
        return this.#leaf()
      case 1:
        return `${this.#pick(['-', '~'])}(${this.#int(depth - 1)})`
      case 2:
        return `(${this.#pick(['short', 'byte'])}) (${this.#int(depth - 1)})`
      case 3:
        return `(${this.#condition(1)} ? ${this.#int(depth - 1)} : ${this.#int(depth - 1)})`
      case 4:
        return `(${this.#int(depth - 1)}) & ${this.#pick([7, 15, 255, 4095, 32767, 65535])}`
      case 5:
        return `(${this.#exact(depth - 1)} ${this.#pick(SENSITIVE)} ${this.#exact(depth - 1)})`
      default:
        return `(${this.#int(depth - 1)} ${this.#pick(INSENSITIVE)} ${this.#int(depth - 1)})`
    }
  }

  #leaf(): string {
    if (this.#chance(0.25)) return String(this.#pick(LITERALS))
    if (this.#chance(0.15)) return `${this.#pick(['bytes', 'shorts'])}[${this.#below(8)}]`
    return this.#pick([...this.#shorts, ...this.#bytes, ...this.#counters, 'result'])
  }
}
