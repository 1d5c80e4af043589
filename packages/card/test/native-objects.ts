import { CLEAR_ON_RESET } from '../src/vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../src/vm/memory/handle-entry.ts'
import { VmFixture } from './vm-fixture.ts'

/** What a Java method did. */
export type Answer = { readonly value: number } | { readonly thrown: string; readonly reason?: number }

const KEY_INTERFACES = [
  'AESKey',
  'DESKey',
  'HMACKey',
  'ECPublicKey',
  'ECPrivateKey',
  'RSAPublicKey',
  'RSAPrivateKey',
  'RSAPrivateCrtKey',
] as const

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

  /** `update([BSS[BS)S` on an object, by its own class or an interface of it. */
  call(object: number, signature: string, ...args: number[]): Answer {
    const { machine, natives } = this.vm.jcre
    const linked = machine.classOf(object)
    const ofInterfaces = KEY_INTERFACES.map((name) => natives.requireClass(`javacard/security/${name}`))
      .filter((one) => linked.isKindOf(one))
      .flatMap((one) => linked.interfaceMethods(one))
    const candidates = [...linked.virtualMethods, ...ofInterfaces]
    const method = candidates.find((one) => one?.name.endsWith(`.${signature}`))
    if (method === undefined) throw new Error(`no ${signature} in ${linked.name}`)
    return this.#call(method, [object, ...args])
  }

  #call(method: Parameters<typeof this.vm.jcre.call>[0], args: number[]): Answer {
    const { machine } = this.vm.jcre
    machine.resetStack()
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
