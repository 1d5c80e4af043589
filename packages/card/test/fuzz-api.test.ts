import { assert, GridcardError } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import { platform } from '../src/api/platform.ts'
import type { LinkedMethod } from '../src/vm/link/linked-package.ts'
import { VM_HALT } from '../src/vm/machine.ts'
import { NativeObjects } from './native-objects.ts'
import { VmFixture } from './vm-fixture.ts'

// Every native method of the API, called with numbers, arrays and objects that nobody meant: it returns, throws a Java
// exception or ends the command, and its objects stay sound. A night takes a million calls: GRIDCARD_FUZZ=1000000.

const CALLS = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)
/** Of one card, then there is a new one: objects pile up. */
const CALLS_OF_A_CARD = 500
const BUDGET = 5_000_000
const NUMBERS = [0, 1, -1, 2, 3, 4, 5, 8, 16, 24, 32, 64, 127, 128, -128, 255, 256, 1024, 32767, -32768]
const KEY_SIZES = [64, 112, 128, 160, 192, 256, 384, 512, 521, 736, 1024]
/** Making RSA keys, and asking for a delay, is slow and not what is looked for here. */
const SLOW = ['KeyPair.genKeyPair']

/** mulberry32: the same calls every time. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
type Random = ReturnType<typeof randomFrom>

/** `(B[BLjava/lang/Object;)V` as B, [B, Ljava/lang/Object; */
const argumentTypes = (descriptor: string): string[] => {
  return (
    descriptor.slice(descriptor.lastIndexOf('(') + 1, descriptor.lastIndexOf(')')).match(/\[*(?:L[^;]+;|[BSZI])/g) ?? []
  )
}
const returnsReference = (method: LinkedMethod): boolean => /\)(\[|L)/.test(method.name)
const isSlow = (method: LinkedMethod): boolean => SLOW.some((one) => method.name.includes(one))

const natives = platform()
const classes = natives.classesById.filter((one) => one !== undefined)
const statics = classes
  .flatMap((one) => one.staticMethods.map((method) => ({ one, method })))
  .filter(({ method }) => method?.native !== undefined && !isSlow(method))

class Card {
  readonly api = new NativeObjects(new VmFixture())
  readonly objects: number[] = [0]
  readonly arrays: number[] = [0]
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
    const { api } = this
    for (const length of [0, 1, 5, 8, 16, 20, 64, 300]) {
      const content = Uint8Array.from({ length }, () => random(256))
      this.arrays.push(api.array(content), api.array(content, true))
    }
    this.arrays.push(api.shorts(), api.shorts(1, 2, 3, 4))
  }

  get #machine() {
    return this.api.vm.jcre.machine
  }

  #number(): number {
    const random = this.#random
    switch (random(4)) {
      case 0:
        return random(65536)
      case 1:
        return KEY_SIZES[random(KEY_SIZES.length)]!
      case 2:
        return random(50)
      default:
        return NUMBERS[random(NUMBERS.length)]!
    }
  }

  /** Arguments as words; shorts behind an array mostly are an offset and a length that fit it. */
  #arguments(types: readonly string[]): number[] {
    const random = this.#random
    const words: number[] = []
    let room = 0
    for (const type of types) {
      if (type === 'S' && room > 0 && random(4) !== 0) {
        const part = random(room + 1)
        room -= part
        words.push(part)
        continue
      }
      const found = this.#argument(type)
      if (type.startsWith('[')) room = this.api.vm.jcre.memory.word1(found[0]!) & 0x7fff
      words.push(...found)
    }
    return words
  }

  #argument(type: string): number[] {
    const random = this.#random
    switch (type) {
      case 'B':
        return [(this.#number() << 24) >> 24]
      case 'S':
        return [(this.#number() << 16) >> 16]
      case 'Z':
        return [random(2)]
      case 'I':
        return [random(4) - 2, (this.#number() << 16) >> 16]
      default: {
        if (type.startsWith('[')) return [this.arrays[random(this.arrays.length)]!]
        const wanted = natives.requireClass(type.slice(1, -1))
        const fitting = this.objects.filter((one) => one !== 0 && this.#isA(one, wanted))
        if (fitting.length > 0 && random(8) !== 0) return [fitting[random(fitting.length)]!]
        const all = random(3) === 0 ? this.arrays : this.objects
        return [all[random(all.length)]!]
      }
    }
  }

  #isA(object: number, wanted: (typeof classes)[number]): boolean {
    return !this.#machine.isArray(object) && this.#machine.classOf(object).isKindOf(wanted)
  }

  /** A constructor or static method, or one of an object that is there. */
  #choose(): { method: LinkedMethod; before: number[] } | undefined {
    const random = this.#random
    const machine = this.#machine
    if (random(3) > 0 && this.objects.length > 1) {
      const object = this.objects[1 + random(this.objects.length - 1)]!
      const linked = machine.classOf(object)
      const interfaces = [...linked.supertypes].filter((one) => one.isInterface)
      const methods = [...linked.virtualMethods, ...interfaces.flatMap((one) => linked.interfaceMethods(one))]
      const method = methods[random(Math.max(1, methods.length))]
      return method?.native === undefined || isSlow(method) ? undefined : { method, before: [object] }
    }
    const { one, method } = statics[random(statics.length)]!
    if (!method!.name.includes('.<init>')) return { method: method!, before: [] }
    machine.owner = this.api.owner
    const object = machine.newObject(one)
    return object === 0 ? undefined : { method: method!, before: [object] }
  }

  call(): void {
    const chosen = this.#choose()
    if (chosen === undefined) return
    const { method, before } = chosen
    const { jcre } = this.api.vm
    const { machine, memory } = jcre
    const words = [...before, ...this.#arguments(argumentTypes(method.name))]
    machine.resetStack()
    machine.budget = BUDGET
    let value = 0
    try {
      value = jcre.call(method, this.api.owner, words)
    } catch (error) {
      if (error === VM_HALT || error instanceof GridcardError) return
      throw new Error(`${method.name} ${words.join(' ')}`, { cause: error })
    }
    const { thrown, halted } = machine
    machine.resetStack()
    const call = `${method.name} ${words.join(' ')}`
    if (halted !== undefined) return
    if (thrown !== 0) {
      assert(machine.classOf(thrown).isKindOf(natives.requireClass('java/lang/Throwable')), call)
      return
    }
    if (method.name.includes('.<init>')) this.objects.push(before[0]!)
    if (!returnsReference(method)) return
    const handle = value & 0xffff
    assert(handle < memory.root.handleCount, `${call} gave ${handle}`)
    if (handle !== 0) (machine.isArray(handle) ? this.arrays : this.objects).push(handle)
  }

  /** A transaction that was begun ends some calls later. */
  endTransaction(): void {
    const { memory } = this.api.vm.jcre
    if (memory.inTransaction && this.#random(10) === 0) memory.commit()
  }
}

it(`${CALLS} calls of the API that nobody meant`, { timeout: Math.max(120_000, CALLS * 40) }, () => {
  const called = new Set<string>()
  for (let seed = 1; seed * CALLS_OF_A_CARD <= CALLS; seed++) {
    const card = new Card(randomFrom(seed))
    for (let i = 0; i < CALLS_OF_A_CARD; i++) {
      card.call()
      card.endTransaction()
    }
    for (const object of card.objects) if (object !== 0) called.add(card.api.vm.jcre.machine.classOf(object).name)
  }
  expect(called.size).toBeGreaterThan(30)
})
