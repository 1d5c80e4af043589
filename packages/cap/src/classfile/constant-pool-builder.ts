import type { Constant } from './class-file.ts'

/** Collects constants, each once, in the order of their first use. */
export class ConstantPoolBuilder {
  readonly #constants: (Constant | undefined)[] = [undefined]
  readonly #indices = new Map<string, number>()

  utf8(text: string): number {
    return this.#intern({ kind: 'utf8', text })
  }

  /** @param name internal form: `javacard/framework/APDU` */
  class(name: string): number {
    return this.#intern({ kind: 'class', nameIndex: this.utf8(name) })
  }

  integer(value: number): number {
    return this.#intern({ kind: 'integer', value })
  }

  build(): readonly (Constant | undefined)[] {
    return this.#constants
  }

  #intern(constant: Constant): number {
    const key = JSON.stringify(constant)
    const known = this.#indices.get(key)
    if (known !== undefined) return known
    this.#indices.set(key, this.#constants.length)
    return this.#constants.push(constant) - 1
  }
}
