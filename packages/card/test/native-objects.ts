import { CLEAR_ON_RESET } from '../src/vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../src/vm/memory/handle-entry.ts'
import { VmFixture } from './vm-fixture.ts'

/** What a Java method did. */
export type Answer = { readonly value: number } | { readonly thrown: string; readonly reason?: number }

/** As much as a command has. */
const BUDGET = 200_000_000

/** Calls methods of API objects as an applet would, from TypeScript; arrays and objects are handles. */
export class NativeObjects {
  readonly vm: VmFixture
  readonly owner: number

  constructor(vm = new VmFixture()) {
    this.vm = vm
    const instance = vm.loadMethods({ methods: { run: { code: 'return' } } })
    this.owner = vm.newOwner(instance)
    vm.jcre.machine.selectedContext = instance.context
  }

  /** `javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;` */
  callStatic(name: string, ...args: number[]): Answer {
    const { natives } = this.vm.jcre
    const className = name.slice(0, name.lastIndexOf('.', name.indexOf('(')))
    const method = natives.requireClass(className).staticMethods.find((one) => one?.name === name)
    if (method === undefined) throw new Error(`no ${name}`)
    return this.#call(method, args)
  }

  /** A new object: class in internal form, descriptor of its constructor. */
  make(className: string, descriptor: string, ...args: number[]): number {
    const { machine, natives } = this.vm.jcre
    machine.owner = this.owner
    const object = machine.newObject(natives.requireClass(className))
    this.value(this.callStatic(`${className}.<init>${descriptor}`, object, ...args))
    return object
  }

  /** `update([BSS[BS)S` on an object, by its own class or an interface of it. */
  call(object: number, signature: string, ...args: number[]): Answer {
    const linked = this.vm.jcre.machine.classOf(object)
    const interfaces = [...linked.supertypes].filter((one) => one.isInterface)
    const ofInterfaces = interfaces.flatMap((one) => linked.interfaceMethods(one))
    const candidates = [...linked.virtualMethods, ...ofInterfaces]
    const method = candidates.find((one) => one?.name.endsWith(`.${signature}`))
    if (method === undefined) throw new Error(`no ${signature} in ${linked.name}`)
    return this.#call(method, [object, ...args])
  }

  #call(method: Parameters<typeof this.vm.jcre.call>[0], args: number[]): Answer {
    const { machine } = this.vm.jcre
    machine.resetStack()
    machine.budget = BUDGET
    const value = this.vm.jcre.call(method, this.owner, args)
    const { thrown } = machine
    if (thrown === 0) return { value }
    const reason = this.vm.jcre.reasonOf(thrown)
    machine.resetStack()
    return {
      thrown: machine.classOf(thrown).name.replace(/.*\//, ''),
      ...(reason !== undefined && { reason }),
    }
  }

  /** The value of an answer that must be one. */
  value(answer: Answer): number {
    if ('thrown' in answer) throw new Error(`${answer.thrown} ${answer.reason ?? ''}`)
    return answer.value & 0xffff
  }

  /** A short array of the applet with these contents. */
  shorts(...content: number[]): number {
    const { memory } = this.vm.jcre
    const type = TYPE.array | ELEMENT.short
    const handle = memory.newTransient(this.owner, type, content.length, 2 * content.length, CLEAR_ON_RESET)
    memory.i16.set(content, memory.addressOf(handle) >> 1)
    return handle
  }

  /** A byte array of the applet with these contents. */
  array(bytes: Uint8Array | number, isPersistent = false): number {
    const { memory } = this.vm.jcre
    const content = typeof bytes === 'number' ? new Uint8Array(bytes) : bytes
    const type = TYPE.array | ELEMENT.byte
    const handle = isPersistent
      ? memory.newPersistent(this.owner, type, content.length, content.length)
      : memory.newTransient(this.owner, type, content.length, content.length, CLEAR_ON_RESET)
    memory.u8.set(content, memory.addressOf(handle))
    return handle
  }

  bytes(array: number): Uint8Array {
    const { memory } = this.vm.jcre
    const at = memory.addressOf(array)
    return memory.u8.slice(at, at + (memory.word1(array) & 0xffff))
  }
}
