import type { CosemData } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import type { AccessRefusal, ActionOutcome, Caller } from '../interface-classes/cosem-object.ts'
import { leastValueOf, mismatchOf } from '../interface-classes/definitions/attribute-type.ts'
import type { ClassDefinition } from '../interface-classes/definitions/class-definitions.ts'

type Awaitable<T> = T | Promise<T>

/** A value worked out when it is asked for; `caller` is undefined when the meter itself asks. */
export type ValueSource = (caller: Caller | undefined) => Awaitable<CosemData | AccessRefusal>

/** What a method of the meter does; `caller` is undefined when a script of the meter calls. */
export type MeterMethod = (parameter: CosemData | undefined, caller: Caller | undefined) => Awaitable<ActionOutcome>

/** One object of a meter as its maker describes it: names of classes, attributes and methods are the Blue Book's. */
export interface ObjectDescription {
  /** `Register`, or its class id. */
  readonly class: string | number
  /** Default: the newest one known. */
  readonly version?: number
  /** `1.0.1.8.0.255` */
  readonly logicalName: string
  /** Values, or where they come from. What is not given has the least value of its type. */
  readonly attributes?: Readonly<Record<string, CosemData | ValueSource>>
  /** Attributes that whoever has the right may write; what is written is of the attribute's type. */
  readonly writable?: readonly string[]
  /** In the place of, or beside, what the class does by itself. */
  readonly methods?: Readonly<Record<string, MeterMethod>>
}

/** An object of a defined meter: its values by name, and notes that its behaviour keeps beside them. */
export class MeterObject {
  readonly definition: ClassDefinition
  readonly logicalName: string
  readonly writable: ReadonlySet<string>
  readonly methods: Readonly<Record<string, MeterMethod>>
  /** What behaviour remembers and no client sees. */
  readonly notes = new Map<string, unknown>()
  readonly #values = new Map<string, CosemData | ValueSource>()

  /** @throws DlmsError `DLMS_CONFIGURATION`: an unknown name, or a value of another type */
  constructor(description: ObjectDescription, definition: ClassDefinition) {
    this.definition = definition
    this.logicalName = description.logicalName
    this.writable = new Set(description.writable)
    this.methods = description.methods ?? {}
    for (const { name, type } of definition.attributeTypes.slice(1)) this.#values.set(name, leastValueOf(type))
    const names = [...Object.keys(description.attributes ?? {}), ...this.writable]
    for (const name of names) {
      if (!this.#values.has(name)) this.#fail(`has no attribute ${name}`)
    }
    for (const name of Object.keys(this.methods)) {
      if (!definition.methods.includes(name)) this.#fail(`has no method ${name}`)
    }
    for (const [name, value] of Object.entries(description.attributes ?? {})) {
      if (typeof value !== 'function') {
        const wrong = this.mismatch(name, value)
        if (wrong !== undefined) this.#fail(`${name}${wrong} is no ${this.#typeText(name)}`)
      }
      this.#values.set(name, value)
    }
  }

  #fail(problem: string): never {
    const { name } = this.definition
    throw new DlmsError('DLMS_CONFIGURATION', `${name} ${this.logicalName} ${problem}`, { object: this.logicalName })
  }

  #typeText(name: string): string {
    return this.definition.attributeTypes.find((one) => one.name === name)!.typeText
  }

  /** Where a value is not of the attribute's type. */
  mismatch(name: string, value: CosemData): string | undefined {
    return mismatchOf(this.definition.attributeTypes.find((one) => one.name === name)!.type, value)
  }

  async read(name: string, caller?: Caller): Promise<CosemData | AccessRefusal> {
    const value = this.#values.get(name)!
    return typeof value === 'function' ? value(caller) : value
  }

  /** The value of an attribute that the object keeps itself; undefined for one that comes from elsewhere. */
  kept(name: string): CosemData | undefined {
    const value = this.#values.get(name)
    return typeof value === 'function' ? undefined : value
  }

  /** A kept value; the caller sees to its type. What comes from elsewhere stays as it is. */
  keep(name: string, value: CosemData): void {
    if (typeof this.#values.get(name) !== 'function') this.#values.set(name, value)
  }
}
