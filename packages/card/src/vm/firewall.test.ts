import { fromHex } from '@gridcard/bytes'
import { assemble, createMethodPackage } from '@gridcard/cap'
import { describe, expect, it } from 'vitest'
import { type Outcome, VmFixture } from '../../test/vm-fixture.ts'
import { AID_HIDDEN_BYTES, aidBytes, writeAid } from '../api/javacard-framework/aid.ts'
import { APDU_BUFFER_HANDLE, APDU_HANDLE, exceptionHandle } from './jcre-objects.ts'
import type { PackageInstance } from './machine.ts'
import { JCRE_OWNER, TYPE } from './memory/handle-entry.ts'

// Two packages, server and client, and a library with a shareable interface and an ordinary one. References go from one
// to the other as arguments, which the firewall does not look at.

const LIBRARY = 'F0AA000001'
const LIBRARY_TEXT = `.package ${LIBRARY} 1.0
  .import javacard.framework 1.6
  .interface shared shareable extends javacard/framework/Shareable
  .interface plain
  .export shared
  .export plain`
const SERVER = `.import ${LIBRARY} 1.0
  .class service extends java/lang/Object
    .public 1 service_do
    .instance 1
    .implements %0.0 1
    .implements %0.1 1
    .implements javacard/framework/Shareable
  .end
  .method service_do stack 2 args 2
    aload_0 getfield_s service.0 sload_1 sadd sreturn
  .end
  .class own extends javacard/framework/ISOException
  .end`
const CLIENT_TEXT = `.import ${LIBRARY} 1.0\n.statics references 1`

const aid = (last: number) => Uint8Array.of(...fromHex('F0BB000000'), last)

class TwoContexts {
  readonly vm = new VmFixture()
  readonly #client: PackageInstance
  readonly clientOwner: number
  readonly serverOwner: number
  /** Handles of the server's objects. */
  readonly bytes: number
  readonly shorts: number
  readonly references: number
  readonly plain: number
  readonly service: number
  readonly exception: number

  constructor(
    clientCode: string,
    options: { text?: string; methods?: Record<string, { code: string; nargs?: number }> } = {},
  ) {
    this.vm.load(assemble(LIBRARY_TEXT))
    const server = this.vm.load(
      createMethodPackage({
        packageAid: aid(1),
        text: SERVER,
        instance: { cells: 1 },
        methods: {
          bytes: { code: 'sconst_4 newarray byte areturn' },
          shorts: { code: 'sconst_4 newarray short areturn' },
          references: { code: 'sconst_4 anewarray java/lang/Object areturn' },
          plain: { code: 'new main areturn' },
          service: { code: 'new service areturn' },
          exception: {
            code: 'new own dup sspush 27013 invokespecial javacard/framework/ISOException.<init>(S)V areturn',
          },
        },
      }).cap,
    )
    this.serverOwner = this.vm.newOwner(server)
    const made = [0, 1, 2, 3, 4, 5].map((token) => this.vm.call(server, this.serverOwner, token).result)
    ;[this.bytes, this.shorts, this.references, this.plain, this.service, this.exception] = made as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    this.#client = this.vm.load(
      createMethodPackage({
        packageAid: aid(2),
        text: `${CLIENT_TEXT}\n${options.text ?? ''}`,
        instance: { cells: 2, firstReferenceToken: 0, referenceCount: 1 },
        methods: { run: { code: clientCode, nargs: 1, maxLocals: 3 }, ...options.methods },
      }).cap,
    )
    this.clientOwner = this.vm.newOwner(this.#client)
  }

  /** Runs the client's code with a reference in local 0. */
  run(handle: number, owner = this.clientOwner): Outcome {
    return this.vm.call(this.#client, owner, 0, [handle])
  }

  /** An AID object of the JCRE, a permanent entry point. */
  aidObject(): number {
    const { memory, natives } = this.vm.jcre
    const type = natives.requireClassId('javacard/framework/AID') | TYPE.permanentEntryPoint
    const handle = memory.newPersistent(JCRE_OWNER, type, 0, AID_HIDDEN_BYTES)
    writeAid(this.vm.jcre, handle, fromHex('F0BB00000001'))
    expect(aidBytes(this.vm.jcre, handle)).toEqual(fromHex('F0BB00000001'))
    return handle
  }
}

const run = (code: string, which: keyof TwoContexts): Outcome => {
  const contexts = new TwoContexts(code)
  return contexts.run(contexts[which] as number)
}
const SECURITY = { thrown: 'SecurityException' }
const ok = (result: number): Outcome => ({ result })

describe('an object of another context', () => {
  it.each<[string, string, keyof TwoContexts]>([
    ['baload', 'aload_0 sconst_0 baload sreturn', 'bytes'],
    ['baload at a bad index', 'aload_0 sconst_m1 baload sreturn', 'bytes'],
    ['bastore', 'aload_0 sconst_0 sconst_1 bastore return', 'bytes'],
    ['saload', 'aload_0 sconst_0 saload sreturn', 'shorts'],
    ['sastore', 'aload_0 sconst_0 sconst_1 sastore return', 'shorts'],
    ['iaload', 'aload_0 sconst_0 iaload ireturn', 'shorts'],
    ['iastore', 'aload_0 sconst_0 iconst_1 iastore return', 'shorts'],
    ['aaload', 'aload_0 sconst_0 aaload areturn', 'references'],
    ['aastore', 'aload_0 sconst_0 aconst_null aastore return', 'references'],
    ['arraylength', 'aload_0 arraylength sreturn', 'bytes'],
    ['checkcast of an array', 'aload_0 checkcast byte areturn', 'bytes'],
    ['instanceof of an array', 'aload_0 instanceof class java/lang/Object sreturn', 'bytes'],
    ['getfield_s', 'aload_0 getfield_s main.1 sreturn', 'plain'],
    ['getfield_a', 'aload_0 getfield_a main.0 areturn', 'plain'],
    ['getfield_i', 'aload_0 getfield_i main.0 ireturn', 'plain'],
    ['getfield_s_this', 'getfield_s_this main.1 sreturn', 'plain'],
    ['getfield_i_this', 'getfield_i_this main.0 ireturn', 'plain'],
    ['putfield_s', 'aload_0 sconst_1 putfield_s main.1 return', 'plain'],
    ['putfield_a', 'aload_0 aconst_null putfield_a main.0 return', 'plain'],
    ['putfield_i', 'aload_0 iconst_1 putfield_i main.0 return', 'plain'],
    ['putfield_s_this', 'sconst_1 putfield_s_this main.1 return', 'plain'],
    ['putfield_a_this', 'aconst_null putfield_a_this main.0 return', 'plain'],
    ['putfield_i_this', 'iconst_1 putfield_i_this main.0 return', 'plain'],
    ['invokevirtual', 'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn', 'plain'],
    [
      'invokevirtual on an array',
      'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn',
      'bytes',
    ],
    ['invokeinterface of an ordinary interface', 'aload_0 sconst_1 invokeinterface 2 %0.1.0 sreturn', 'service'],
    ['athrow', 'aload_0 athrow', 'exception'],
    ['checkcast to a class', 'aload_0 checkcast class java/lang/Object areturn', 'plain'],
    ['instanceof a class', 'aload_0 instanceof class java/lang/Object sreturn', 'service'],
    ['instanceof an ordinary interface', 'aload_0 instanceof class %0.1 sreturn', 'service'],
    ['instanceof a shareable interface it does not have', 'aload_0 instanceof class %0.0 sreturn', 'plain'],
    ['checkcast to an ordinary interface', 'aload_0 checkcast class %0.1 areturn', 'service'],
    ['checkcast to a shareable interface it does not have', 'aload_0 checkcast class %0.0 areturn', 'plain'],
    ['instanceof an array of references', 'aload_0 instanceof reference java/lang/Object sreturn', 'references'],
    [
      'invokeinterface of a shareable interface it does not have',
      'aload_0 sconst_1 invokeinterface 2 %0.0.0 sreturn',
      'plain',
    ],
    ['getfield_a_this', 'getfield_a_this main.0 areturn', 'plain'],
    ['arraylength of references', 'aload_0 arraylength sreturn', 'references'],
  ])('refuses %s', (_, code, which) => {
    expect(run(code, which)).toMatchObject(SECURITY)
  })

  it.each<[string, string, keyof TwoContexts]>([
    [
      'Util.arrayCopy from it',
      'aload_0 sconst_0 sconst_4 newarray byte sconst_0 sconst_1 invokestatic javacard/framework/Util.arrayCopy([BS[BSS)S sreturn',
      'bytes',
    ],
    [
      'Util.arrayCopy from it, before a null destination',
      'aload_0 sconst_0 aconst_null sconst_0 sconst_1 invokestatic javacard/framework/Util.arrayCopy([BS[BSS)S sreturn',
      'bytes',
    ],
    [
      'Util.arrayCopyNonAtomic into it',
      'sconst_4 newarray byte sconst_0 aload_0 sconst_0 sconst_1 invokestatic javacard/framework/Util.arrayCopyNonAtomic([BS[BSS)S sreturn',
      'bytes',
    ],
    [
      'Util.arrayCompare',
      'aload_0 sconst_0 aload_0 sconst_0 sconst_1 invokestatic javacard/framework/Util.arrayCompare([BS[BSS)B sreturn',
      'bytes',
    ],
    [
      'Util.arrayFillNonAtomic',
      'aload_0 sconst_0 sconst_1 sconst_1 invokestatic javacard/framework/Util.arrayFillNonAtomic([BSSB)S sreturn',
      'bytes',
    ],
    ['Util.getShort', 'aload_0 sconst_0 invokestatic javacard/framework/Util.getShort([BS)S sreturn', 'bytes'],
    [
      'Util.setShort',
      'aload_0 sconst_0 sconst_0 invokestatic javacard/framework/Util.setShort([BSS)S sreturn',
      'bytes',
    ],
    [
      'JCSystem.isTransient',
      'aload_0 invokestatic javacard/framework/JCSystem.isTransient(Ljava/lang/Object;)B sreturn',
      'bytes',
    ],
    [
      'JCSystem.lookupAID',
      'aload_0 sconst_0 sconst_5 invokestatic javacard/framework/JCSystem.lookupAID([BSB)Ljavacard/framework/AID; areturn',
      'bytes',
    ],
    [
      'new AID',
      'new javacard/framework/AID dup aload_0 sconst_0 sconst_5 invokespecial javacard/framework/AID.<init>([BSB)V areturn',
      'bytes',
    ],
  ])('refuses %s', (_, code, which) => {
    expect(run(code, which)).toMatchObject(SECURITY)
  })

  it('may be received, compared, passed on, and kept', () => {
    const { vm, ...rest } = new TwoContexts('return')
    expect(vm).toBeDefined()
    expect(rest.bytes).toBeGreaterThan(0)
    expect(run('aload_0 aload_0 if_acmpeq L sconst_0 sreturn L: sconst_1 sreturn', 'bytes')).toEqual(ok(1))
    expect(run('aload_0 putstatic_a static@0 sconst_1 sreturn', 'bytes')).toEqual(ok(1))
    expect(run('new main aload_0 putfield_a main.0 sconst_1 sreturn', 'plain')).toEqual(ok(1))
    expect(run('sconst_1 anewarray java/lang/Object sconst_0 aload_0 aastore sconst_1 sreturn', 'bytes')).toEqual(ok(1))
    expect(run('sconst_1 anewarray %0.0 sconst_0 aload_0 aastore sconst_1 sreturn', 'service')).toEqual(ok(1))
  })

  it('is checked against the type of the array, not by the firewall, when it is stored', () => {
    expect(run('sconst_1 anewarray %0.0 sconst_0 aload_0 aastore return', 'plain')).toMatchObject({
      thrown: 'ArrayStoreException',
    })
  })
})

describe('an object of the own context, and any for the JCRE', () => {
  const CODE: [string, string, keyof TwoContexts][] = [
    ['baload', 'aload_0 sconst_0 baload sreturn', 'bytes'],
    ['bastore', 'aload_0 sconst_0 sconst_1 bastore return', 'bytes'],
    ['saload', 'aload_0 sconst_0 saload sreturn', 'shorts'],
    ['sastore', 'aload_0 sconst_0 sconst_1 sastore return', 'shorts'],
    ['aaload', 'aload_0 sconst_0 aaload areturn', 'references'],
    ['aastore', 'aload_0 sconst_0 aconst_null aastore return', 'references'],
    ['arraylength', 'aload_0 arraylength sreturn', 'bytes'],
    ['checkcast of an array', 'aload_0 checkcast byte areturn', 'bytes'],
    ['getfield_s', 'aload_0 getfield_s main.0 sreturn', 'plain'],
    ['getfield_s_this', 'getfield_s_this main.0 sreturn', 'plain'],
    ['putfield_s', 'aload_0 sconst_1 putfield_s main.0 return', 'plain'],
    ['putfield_s_this', 'sconst_1 putfield_s_this main.0 return', 'plain'],
    ['getfield_a', 'aload_0 getfield_a main.0 areturn', 'plain'],
    ['getfield_a_this', 'getfield_a_this main.0 areturn', 'plain'],
    ['putfield_a', 'aload_0 aconst_null putfield_a main.0 return', 'plain'],
    ['putfield_a_this', 'aconst_null putfield_a_this main.0 return', 'plain'],
    ['instanceof of an array', 'aload_0 instanceof byte sreturn', 'bytes'],
    ['instanceof an array of references', 'aload_0 instanceof reference java/lang/Object sreturn', 'references'],
    ['instanceof a class', 'aload_0 instanceof class java/lang/Object sreturn', 'service'],
    ['checkcast to an ordinary interface', 'aload_0 checkcast class %0.1 pop sconst_1 sreturn', 'service'],
    ['checkcast to a shareable interface', 'aload_0 checkcast class %0.0 pop sconst_1 sreturn', 'service'],
    ['invokevirtual', 'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn', 'plain'],
    ['an array method', 'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn', 'bytes'],
    ['a call of an ordinary interface', 'aload_0 sconst_1 invokeinterface 2 %0.1.0 sreturn', 'service'],
    ['a call of a shareable interface', 'aload_0 sconst_1 invokeinterface 2 %0.0.0 sreturn', 'service'],
    ['checkcast to a class', 'aload_0 checkcast class java/lang/Object areturn', 'plain'],
    ['instanceof an ordinary interface', 'aload_0 instanceof class %0.1 sreturn', 'service'],
    ['instanceof a shareable interface', 'aload_0 instanceof class %0.0 sreturn', 'plain'],
  ]
  it.each(CODE)('allows %s', (_, code, which) => {
    const contexts = new TwoContexts(code)
    for (const owner of [contexts.serverOwner, JCRE_OWNER]) {
      expect(contexts.run(contexts[which] as number, owner)).toEqual({ result: expect.any(Number) })
    }
  })

  it('allows athrow', () => {
    const contexts = new TwoContexts('aload_0 athrow')
    for (const owner of [contexts.serverOwner, JCRE_OWNER]) {
      expect(contexts.run(contexts.exception, owner)).toMatchObject({ thrown: expect.stringContaining('Class+0x') })
    }
  })
})

describe('a shareable interface object', () => {
  it('is tested and cast by its shareable interface', () => {
    expect(run('aload_0 instanceof class %0.0 sreturn', 'service')).toEqual(ok(1))
    expect(run('aload_0 checkcast class %0.0 pop sconst_1 sreturn', 'service')).toEqual(ok(1))
  })

  it('runs in the context of its owner and comes back', () => {
    const code = 'aload_0 bspush 40 invokeinterface 2 %0.0.0 new main pop sreturn'
    const contexts = new TwoContexts(code)
    const { memory } = contexts.vm.jcre
    memory.i16[memory.addressOf(contexts.service) >> 1] = 2
    expect(contexts.run(contexts.service)).toEqual(ok(42))
    const last = memory.root.handleCount - 1
    expect(memory.word0(last) >>> 24, 'owner of an object made after the call').toBe(contexts.clientOwner)
  })

  it('refuses the rest of its object', () => {
    expect(run('aload_0 getfield_s main.0 sreturn', 'service')).toMatchObject(SECURITY)
  })

  it('cannot touch arrays of its client', () => {
    const contexts = new TwoContexts('sconst_4 newarray byte areturn')
    const foreign = contexts.run(0).result
    const server = contexts.vm.loadMethods({
      packageAid: aid(3),
      methods: { run: { code: 'aload_0 sconst_0 baload sreturn', nargs: 1 } },
    })
    expect(contexts.vm.call(server, contexts.vm.newOwner(server), 0, [foreign])).toMatchObject(SECURITY)
  })
})

describe('an exception of another context', () => {
  const THROWER = {
    text: `.import ${LIBRARY} 1.0
      .class thrower extends java/lang/Object
        .public 1 thrower_do
        .implements %0.0 1
        .implements javacard/framework/Shareable
      .end
      .class own extends javacard/framework/ISOException
      .end
      .method thrower_do stack 3 args 2
        sload_1 ifeq L
        new own dup sspush 27013 invokespecial javacard/framework/ISOException.<init>(S)V athrow
        L: sspush 27014 invokestatic javacard/framework/ISOException.throwIt(S)V sconst_0 sreturn
      .end`,
    methods: { make: { code: 'new thrower areturn' } },
  }
  const catching = (argument: number, then: string) => {
    const contexts = new TwoContexts(
      `A: aload_0 sconst_${argument} invokeinterface 2 %0.0.0 sreturn B: C: ${then}
.catch A B C javacard/framework/ISOException`,
    )
    const { vm } = contexts
    const thrower = vm.loadMethods({ packageAid: aid(4), ...THROWER })
    return contexts.run(vm.call(thrower, vm.newOwner(thrower)).result)
  }
  const GET_REASON = 'invokevirtual javacard/framework/CardRuntimeException.getReason()S sreturn'

  it('is caught by its type, and restores the context', () => {
    expect(catching(1, 'pop new main getfield_s main.1 sreturn')).toEqual(ok(0))
  })
  it('and refuses to be looked at or thrown again', () => {
    expect(catching(1, GET_REASON)).toMatchObject(SECURITY)
    expect(catching(1, 'athrow')).toMatchObject(SECURITY)
  })
  it('is readable when it is the JCRE that owns it', () => {
    expect(catching(0, GET_REASON)).toEqual(ok(27014))
    expect(catching(0, 'athrow')).toMatchObject({ thrown: 'ISOException', reason: 27014 })
  })
})

describe('JCRE entry points and global arrays', () => {
  const runOn = (handle: number, code: string) => new TwoContexts(code).run(handle)

  it.each([
    ['the APDU object', APDU_HANDLE],
    ['the APDU buffer', APDU_BUFFER_HANDLE],
    ['an exception of the JCRE', exceptionHandle('javacard/framework/ISOException')],
  ])('%s cannot be kept', (_, handle) => {
    expect(runOn(handle, 'aload_0 putstatic_a static@0 return')).toMatchObject(SECURITY)
    expect(runOn(handle, 'new main aload_0 putfield_a main.0 return')).toMatchObject(SECURITY)
    expect(runOn(handle, 'sconst_1 anewarray java/lang/Object sconst_0 aload_0 aastore return')).toMatchObject(SECURITY)
    expect(
      runOn(handle, 'sconst_1 anewarray java/lang/Object sconst_5 aload_0 aastore return'),
      'before bounds',
    ).toMatchObject(SECURITY)
    expect(
      runOn(
        handle,
        'sconst_1 sconst_1 invokestatic javacard/framework/JCSystem.makeTransientObjectArray(SB)[Ljava/lang/Object; sconst_0 aload_0 aastore return',
      ),
    ).toMatchObject(SECURITY)
    expect(runOn(handle, 'sconst_1 anewarray main sconst_0 aload_0 aastore return')).toMatchObject({
      thrown: 'ArrayStoreException',
    })
  })

  it('a permanent entry point can be kept and called', () => {
    const contexts = new TwoContexts(
      'aload_0 putstatic_a static@0 getstatic_a static@0 aload_0 invokevirtual javacard/framework/AID.equals(Ljava/lang/Object;)Z sreturn',
    )
    expect(contexts.run(contexts.aidObject())).toEqual(ok(1))
  })

  it('the APDU buffer is open to everyone', () => {
    expect(runOn(APDU_BUFFER_HANDLE, 'aload_0 sconst_1 sconst_5 bastore aload_0 sconst_1 baload sreturn')).toEqual(
      ok(5),
    )
    expect(runOn(APDU_BUFFER_HANDLE, 'aload_0 arraylength sreturn')).toEqual(ok(261))
    expect(runOn(APDU_BUFFER_HANDLE, 'aload_0 instanceof byte sreturn')).toEqual(ok(1))
    expect(
      runOn(APDU_BUFFER_HANDLE, 'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn'),
    ).toEqual(ok(1))
    expect(runOn(APDU_BUFFER_HANDLE, 'aload_0 instanceof class javacard/framework/PIN sreturn')).toEqual(ok(0))
  })

  it('entry points are tested against classes, not against interfaces', () => {
    expect(runOn(APDU_HANDLE, 'aload_0 instanceof class javacard/framework/APDU sreturn')).toEqual(ok(1))
    expect(runOn(APDU_HANDLE, 'aload_0 instanceof class javacard/framework/AID sreturn')).toEqual(ok(0))
    expect(runOn(APDU_HANDLE, 'aload_0 instanceof class javacard/framework/PIN sreturn')).toMatchObject(SECURITY)
    expect(runOn(APDU_HANDLE, 'aload_0 instanceof class javacard/framework/Shareable sreturn')).toMatchObject(SECURITY)
  })

  it("a card's own records are out of reach of handles made up", () => {
    const contexts = new TwoContexts('aload_0 getfield_s main.1 sreturn')
    const { memory } = contexts.vm.jcre
    for (let handle = 1; handle < memory.root.handleCount; handle++) {
      const owner = memory.word0(handle) >>> 24
      if (owner !== contexts.clientOwner) expect(contexts.run(handle), `handle ${handle}`).toMatchObject(SECURITY)
    }
  })
})

describe('CLEAR_ON_DESELECT arrays', () => {
  const MAKE = 'sconst_4 sconst_2 invokestatic javacard/framework/JCSystem.makeTransientByteArray(SB)[B'

  it('are made only in the context of the selected applet', () => {
    expect(new TwoContexts(`${MAKE} areturn`).run(0)).toMatchObject({ thrown: 'SystemException', reason: 3 })
  })

  it('are used only while that context is selected', () => {
    const contexts = new TwoContexts(`aload_0 ifnonnull L ${MAKE} areturn L: aload_0 sconst_0 baload sreturn`)
    const { machine } = contexts.vm.jcre
    machine.selectedContext = machine.contextOf[contexts.clientOwner]!
    const array = contexts.run(0).result
    expect(contexts.run(array)).toEqual(ok(0))
    machine.selectedContext = machine.contextOf[contexts.serverOwner]!
    expect(contexts.run(array)).toMatchObject(SECURITY)
  })
})

describe('objects of another instance of the same package', () => {
  it('are own', () => {
    const vm = new VmFixture()
    const instance = vm.loadMethods({
      instance: { cells: 1 },
      methods: {
        run: { code: 'aload_0 sconst_3 putfield_s main.0 aload_0 getfield_s main.0 sreturn', nargs: 1 },
        make: { code: 'new main areturn' },
      },
    })
    const object = vm.call(instance, vm.newOwner(instance), 1).result
    expect(vm.call(instance, vm.newOwner(instance), 0, [object])).toEqual(ok(3))
  })

  it('run as their owner', () => {
    const vm = new VmFixture()
    const instance = vm.loadMethods({
      text: `.class maker extends java/lang/Object
          .public 1 maker_make
        .end
        .method maker_make stack 1 args 1
          new main areturn
        .end`,
      methods: {
        run: { code: 'aload_0 invokevirtual maker.1 areturn', nargs: 1 },
        make: { code: 'new maker areturn' },
      },
    })
    const [first, second] = [vm.newOwner(instance), vm.newOwner(instance)]
    const maker = vm.call(instance, first, 1).result
    const made = vm.call(instance, second, 0, [maker]).result
    expect(vm.jcre.memory.word0(made) >>> 24).toBe(first)
  })
})
