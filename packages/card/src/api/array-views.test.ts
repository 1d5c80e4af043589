import { fromHex } from '@gridcard/bytes'
import { createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { AppletCard, addApplet, SW_OK, selectCommand } from '../../test/applet-card.ts'
import { CuttingStore } from '../../test/cutting-store.ts'
import { describeCases } from '../../test/engine/describe-engine.ts'
import { opcode } from '../../test/engine/opcode-case.ts'
import { TEST_PROFILE, VmFixture } from '../../test/vm-fixture.ts'
import { Card } from '../index.ts'
import { interpreter } from '../vm/interpreter/interpreter.ts'

const SYSTEM = 'invokestatic javacard/framework/JCSystem'
const VIEW = {
  any: `${SYSTEM}.makeArrayView(Ljava/lang/Object;SSSLjavacard/framework/Shareable;)Ljava/lang/Object;`,
  boolean: `${SYSTEM}.makeBooleanArrayView([ZSSSLjavacard/framework/Shareable;)[Z`,
  byte: `${SYSTEM}.makeByteArrayView([BSSSLjavacard/framework/Shareable;)[B`,
  short: `${SYSTEM}.makeShortArrayView([SSSSLjavacard/framework/Shareable;)[S`,
}
const ATTRIBUTES = `${SYSTEM}.getAttributes(Ljava/lang/Object;)S`
const IS_VIEW = `${SYSTEM}.isArrayView(Ljava/lang/Object;)Z`
const COPY = 'invokestatic javacard/framework/Util.arrayCopy([BS[BSS)S'
/** A byte[5] in local 1, and a view of bytes 1 to 3 of it in local 2. */
const over = (attributes: number) => `sconst_5 newarray byte astore_1
  aload_1 sconst_1 sconst_3 sconst_${attributes} aconst_null ${VIEW.byte} astore_2`

describeCases('array views', interpreter, [
  // refused first
  opcode('view: a component cannot be read without the attribute', {
    run: `${over(2)} aload_2 sconst_0 baload`,
    gives: 0,
    throws: 'SecurityException',
  }),
  opcode('view: a component cannot be written without the attribute', {
    run: `${over(1)} aload_2 sconst_0 sconst_5 bastore`,
    throws: 'SecurityException',
  }),
  opcode('view: its own bounds, not those of the array', {
    run: `${over(3)} aload_2 sconst_3 baload`,
    gives: 0,
    throws: 'ArrayIndexOutOfBoundsException',
  }),
  opcode('view: null', {
    run: `aconst_null sconst_0 sconst_0 sconst_1 aconst_null ${VIEW.byte} pop`,
    throws: 'NullPointerException',
  }),
  opcode('view: a range outside of the array', {
    run: `sconst_5 newarray byte sconst_3 sconst_3 sconst_1 aconst_null ${VIEW.byte} pop`,
    throws: 'ArrayIndexOutOfBoundsException',
  }),
  opcode('view: a negative offset', {
    run: `sconst_5 newarray byte sconst_m1 sconst_3 sconst_1 aconst_null ${VIEW.byte} pop`,
    throws: 'ArrayIndexOutOfBoundsException',
  }),
  opcode('view: unknown attributes', {
    run: `sconst_5 newarray byte sconst_0 sconst_3 sconst_4 aconst_null ${VIEW.byte} pop`,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('view: of an object that is no array', {
    run: `new main sconst_0 sconst_0 sconst_1 aconst_null ${VIEW.any} pop`,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('view: of an array of another type', {
    run: `sconst_5 newarray short sconst_0 sconst_3 sconst_1 aconst_null ${VIEW.byte} pop`,
    throws: 'SecurityException',
  }),
  opcode('view of a view: no more than the first one allows', {
    run: `${over(1)} aload_2 sconst_0 sconst_1 sconst_2 aconst_null ${VIEW.byte} pop`,
    throws: 'SecurityException',
  }),
  opcode('view: not for a server that shares nothing', {
    run: `sconst_5 newarray byte sconst_0 sconst_3 sconst_1 new main ${VIEW.byte} pop`,
    throws: 'SecurityException',
  }),
  opcode('view: not kept in a static field', {
    text: '.statics references 1',
    run: `${over(1)} aload_2 putstatic_a static@0`,
    throws: 'SecurityException',
  }),
  opcode('view: not kept in a field', {
    run: `${over(1)} new main aload_2 putfield_a main.0`,
    throws: 'SecurityException',
  }),
  opcode('view: not kept in an array', {
    run: `${over(1)} sconst_1 anewarray java/lang/Object sconst_0 aload_2 aastore`,
    throws: 'SecurityException',
  }),
  opcode('view: getAttributes of an array', {
    run: `sconst_5 newarray byte ${ATTRIBUTES}`,
    gives: 0,
    throws: 'SystemException',
    reason: 1,
  }),
  opcode('view: Util.arrayCopy from one that is only to be written', {
    run: `${over(2)} aload_2 sconst_0 aload_1 sconst_0 sconst_1 ${COPY} pop`,
    throws: 'SecurityException',
  }),
  opcode('view: Util.arrayCopy into one that is only to be read', {
    run: `${over(1)} aload_1 sconst_0 aload_2 sconst_0 sconst_1 ${COPY} pop`,
    throws: 'SecurityException',
  }),
  // allowed
  opcode('view: shares the storage', {
    run: `${over(3)} aload_2 sconst_1 sconst_5 bastore aload_1 sconst_2 baload`,
    gives: 5,
  }),
  opcode('view: reads what the array holds', {
    run: `${over(1)} aload_1 sconst_3 bspush 77 bastore aload_2 sconst_2 baload`,
    gives: 77,
  }),
  opcode('view: written without being readable', {
    run: `${over(2)} aload_2 sconst_0 sconst_4 bastore aload_1 sconst_1 baload`,
    gives: 4,
  }),
  opcode('view: has its own length, whatever its attributes', { run: `${over(2)} aload_2 arraylength`, gives: 3 }),
  opcode('view: attributes', { run: `${over(2)} aload_2 ${ATTRIBUTES}`, gives: 2 }),
  opcode('view: attributes 0 are those of the array', { run: `${over(0)} aload_2 ${ATTRIBUTES}`, gives: 3 }),
  opcode('view: isArrayView of a view', { run: `${over(1)} aload_2 ${IS_VIEW}`, gives: 1 }),
  opcode('view: isArrayView of an array', { run: `sconst_5 newarray byte ${IS_VIEW}`, gives: 0 }),
  opcode('view: isArrayView of null', { run: `aconst_null ${IS_VIEW}`, gives: 0 }),
  opcode('view: is a byte[]', { run: `${over(1)} aload_2 instanceof byte`, gives: 1 }),
  opcode('view: has the methods of an object', {
    run: `${over(1)} aload_2 aload_2 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z`,
    gives: 1,
  }),
  opcode('view of a view', {
    run: `${over(3)} aload_2 sconst_1 sconst_2 sconst_2 aconst_null ${VIEW.byte} sconst_1 bspush 9 bastore
      aload_1 sconst_3 baload`,
    gives: 9,
  }),
  opcode('view of shorts', {
    run: `sconst_4 newarray short astore_1 aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.short} astore_2
      aload_2 sconst_1 sspush 12345 sastore aload_1 sconst_3 saload`,
    gives: 12345,
  }),
  opcode('view of booleans', {
    run: `sconst_4 newarray boolean astore_1 aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.boolean} astore_2
      aload_2 sconst_1 sconst_1 bastore aload_1 sconst_3 baload`,
    gives: 1,
  }),
  opcode('view of ints', {
    run: `sconst_4 newarray int astore_1 aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.any} astore_2
      aload_2 sconst_1 iipush 123456789 iastore aload_1 sconst_3 iaload`,
    givesInt: 123456789,
  }),
  opcode('view of references', {
    run: `sconst_4 anewarray main astore_1 aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.any} astore_2
      aload_2 sconst_1 new main aastore aload_1 sconst_3 aaload ifnonnull L sconst_0 sreturn L: sconst_1`,
    gives: 1,
  }),
  opcode('view of references: the type of the array is checked', {
    run: `sconst_4 anewarray main astore_1 aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.any} astore_2
      aload_2 sconst_1 sconst_1 newarray byte aastore`,
    throws: 'ArrayStoreException',
  }),
  opcode('view of a transient array', {
    run: `sconst_4 sconst_1 ${SYSTEM}.makeTransientByteArray(SB)[B astore_1
      aload_1 sconst_2 sconst_2 sconst_3 aconst_null ${VIEW.byte} astore_2
      aload_2 sconst_1 sconst_4 bastore aload_1 sconst_3 baload`,
    gives: 4,
  }),
  opcode('view: written in a transaction that is aborted', {
    run: `${over(3)} ${SYSTEM}.beginTransaction()V aload_2 sconst_0 sconst_5 bastore ${SYSTEM}.abortTransaction()V
      aload_1 sconst_1 baload`,
    gives: 0,
  }),
])

describe('a view for another context', () => {
  const aid = (last: number) => Uint8Array.of(...fromHex('F0BB000000'), last)
  const SERVER = `.class service extends java/lang/Object
      .implements javacard/framework/Shareable
    .end`

  it('is of use there alone', () => {
    const vm = new VmFixture()
    const server = vm.load(
      createMethodPackage({
        packageAid: aid(1),
        text: `${SERVER}`,
        methods: {
          service: { code: 'new service areturn' },
          read: { code: 'aload_0 sconst_0 baload sreturn', nargs: 1 },
          write: { code: 'aload_0 sconst_0 sconst_1 bastore return', nargs: 1 },
        },
      }).cap,
    )
    const client = vm.load(
      createMethodPackage({
        packageAid: aid(2),
        ...LEVEL,
        methods: {
          make: {
            code: `sconst_5 newarray byte astore_1 aload_1 sconst_1 bspush 33 bastore
              aload_1 sconst_1 sconst_3 sconst_1 aload_0 ${VIEW.byte} areturn`,
            nargs: 1,
            maxLocals: 2,
          },
          read: { code: 'aload_0 sconst_0 baload sreturn', nargs: 1 },
          length: { code: 'aload_0 arraylength sreturn', nargs: 1 },
          test: { code: 'aload_0 instanceof byte sreturn', nargs: 1 },
          call: {
            code: 'aload_0 aload_0 invokevirtual java/lang/Object.equals(Ljava/lang/Object;)Z sreturn',
            nargs: 1,
          },
        },
      }).cap,
    )
    const [serverOwner, clientOwner] = [vm.newOwner(server), vm.newOwner(client)]
    const service = vm.call(server, serverOwner, 0).result
    const view = vm.call(client, clientOwner, 0, [service]).result
    const refused = { thrown: 'SecurityException' }
    for (const token of [1, 2, 3, 4]) expect(vm.call(client, clientOwner, token, [view])).toMatchObject(refused)
    expect(vm.call(server, serverOwner, 2, [view])).toMatchObject(refused)
    expect(vm.call(server, serverOwner, 1, [view])).toEqual({ result: 33 })
  })
})

const LEVEL = { level: '3.2.0' } as const
const MAKES_VIEWS = `aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B astore_2
  sconst_0 sstore_3
  L: aload_2 sconst_0 sconst_4 sconst_1 aconst_null ${VIEW.byte} pop sinc 3 1 sload_3 bspush 10 if_scmplt L return`

describe('views end with their command', () => {
  it('and their handles are free again', () => {
    const applet = new AppletCard(MAKES_VIEWS, LEVEL)
    expect(applet.select()).toBe(SW_OK)
    const before = applet.card.report()
    for (let i = 0; i < 50; i++) expect(applet.send('80000000')).toBe(SW_OK)
    expect(applet.card.report()).toEqual(before)
  })

  it('and never reach the store', () => {
    const store = new CuttingStore()
    const applet = new AppletCard(MAKES_VIEWS, { ...LEVEL, store })
    applet.select()
    expect(store.read()).toEqual(applet.card.image())
    const { writes } = store
    applet.send('80000000')
    expect(store.writes).toBe(writes)
    Card.open({ profile: TEST_PROFILE, crypto: nodeCrypto, store })
  })

  it('also when a collection follows', () => {
    const applet = new AppletCard(
      `${MAKES_VIEWS.replace(/return$/, '')} ${SYSTEM}.requestObjectDeletion()V return`,
      LEVEL,
    )
    applet.select()
    applet.send('80000000')
    const { handleCount } = applet.card.report().memory
    applet.send('80000000')
    expect(applet.card.report().memory.handleCount).toBe(handleCount)
  })
})

describe('static resources', () => {
  const GET = 'invokestatic javacard/framework/Resources.getResources()Ljavacard/framework/Resources;'
  const RESOURCES = '.resource 7 48656C6C6F\n.resource 300 AABB'
  const withResources = (process: string) => {
    const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
    const packageAid = fromHex('F047524944000009')
    const appletAid = Uint8Array.of(...packageAid, 1)
    const { cap } = createMethodPackage({
      packageAid,
      methods: {},
      text: RESOURCES,
      format: '2.3',
      level: '3.2.0',
      applet: { process: { code: process, maxLocals: 4 }, aid: appletAid },
    })
    card.loadPackage(cap)
    card.installApplet({ packageAid, appletAid })
    card.powerOn()
    card.transmit(fromHex(selectCommand(appletAid)))
    return (hex: string) =>
      Buffer.from(card.transmit(fromHex(hex)))
        .toString('hex')
        .toUpperCase()
  }
  const SEND = `astore_2 aload_1 invokevirtual javacard/framework/APDU.setOutgoing()S pop
    aload_1 aload_2 arraylength invokevirtual javacard/framework/APDU.setOutgoingLength(S)V
    aload_1 aload_2 sconst_0 aload_2 arraylength invokevirtual javacard/framework/APDU.sendBytesLong([BSS)V return`

  it('are views of the bytes in the package', () => {
    expect(
      withResources(`${GET} bspush 7 invokevirtual javacard/framework/Resources.getView(S)[B ${SEND}`)('80000000'),
    ).toBe('48656C6C6F9000')
    expect(
      withResources(
        `${GET} sspush 300 sconst_1 sconst_1 invokevirtual javacard/framework/Resources.getView(SSS)[B ${SEND}`,
      )('80000000'),
    ).toBe('BB9000')
  })

  it('have a size', () => {
    const answer = withResources(`${GET} bspush 7 invokevirtual javacard/framework/Resources.getSize(S)S
      invokestatic javacard/framework/ISOException.throwIt(S)V return`)
    expect(answer('80000000')).toBe('0005')
  })

  it.each([
    [
      'a number that is not there',
      `${GET} bspush 8 invokevirtual javacard/framework/Resources.getView(S)[B pop return`,
    ],
    [
      'a range that is not in it',
      `${GET} bspush 7 sconst_1 sconst_5 invokevirtual javacard/framework/Resources.getView(SSS)[B pop return`,
    ],
    [
      'writing to one',
      `${GET} bspush 7 invokevirtual javacard/framework/Resources.getView(S)[B sconst_0 sconst_0 bastore return`,
    ],
    ['keeping the object', `sconst_1 anewarray java/lang/Object sconst_0 ${GET} aastore return`],
  ])('refuse %s', (_, code) => {
    expect(withResources(code)('80000000')).toBe('6F00')
  })

  it('belong to the package whose applet runs', () => {
    const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
    const aid = addApplet(
      card,
      1,
      `${GET} bspush 7 invokevirtual javacard/framework/Resources.getSize(S)S pop return`,
      LEVEL,
    )
    card.powerOn()
    expect(card.transmit(fromHex(selectCommand(aid)))).toEqual(fromHex('6F00'))
  })
})
