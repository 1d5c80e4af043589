import { fromHex, toHex } from '@gridcard/bytes'
import { assemble } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { withRemoteTypes } from '../../test/remote-types.ts'
import { TEST_PROFILE } from '../../test/vm-fixture.ts'
import { Card } from '../card.ts'

// Messages as the RMI client of the 2.2.2 kit sends and takes them: it called an applet converted by the 3.1 kit on this
// card, and understood every answer that is here. The applet of this test has methods of the same shapes.

const SERVICE = 'javacard/framework/service'
const APDU = 'javacard/framework/APDU'
const AID = 'F0475249440001'
const ISO = 'invokestatic javacard/framework/ISOException.throwIt(S)V'

/** The nibbles of a descriptor are its parameters, then its result. @source JCVM 3.1 §6.14.1 */
const METHODS = [
  { hash: 0x0001, label: 'add', nibbles: '44', code: 'sload_1 sconst_1 sadd sreturn', words: 2 },
  {
    hash: 0x0002,
    label: 'bytes',
    nibbles: 'BB',
    code: 'aload_1 ifnull NONE aload_1 sconst_0 bspush 17 bastore NONE: aload_1 areturn',
    words: 2,
  },
  { hash: 0x0003, label: 'other', nibbles: '60000', code: 'aload_0 getfield_a impl.0 areturn', words: 1 },
  { hash: 0x0004, label: 'fail', nibbles: '41', code: `sload_1 ${ISO} return`, words: 2 },
  { hash: 0x0005, label: 'ints', nibbles: '55', code: 'iload_1 iconst_1 iadd ireturn', words: 3 },
  { hash: 0x0006, label: 'shorts', nibbles: 'C4C', code: 'aload_1 sconst_0 sload_2 sastore aload_1 areturn', words: 3 },
  {
    hash: 0x0007,
    label: 'not',
    nibbles: '22',
    code: 'sload_1 ifeq ONE sconst_0 sreturn ONE: sconst_1 sreturn',
    words: 2,
  },
  { hash: 0x0008, label: 'stray', nibbles: '60000', code: 'new stranger areturn', words: 1 },
] as const

function signaturePool(): { pool: Uint8Array; offsets: number[] } {
  const offsets: number[] = []
  let hex = ''
  for (const { nibbles } of METHODS) {
    offsets.push(hex.length / 2)
    hex += toHex(Uint8Array.of(nibbles.length)) + nibbles + (nibbles.length % 2 === 0 ? '' : '0')
  }
  return { pool: fromHex(hex), offsets }
}

const TEXT = `.format 2.2
  .package ${AID} 1.0 int
  .import javacard.framework 1.6
  .import javacard.framework.service 1.0
  .import java.lang 1.0
  .import java.rmi 1.0
  .applet ${AID}01 main_install
  .interface counter extends java/rmi/Remote
  .class impl extends ${SERVICE}/CardRemoteObject
    .instance 1 references 1 from 0
    .public 1 ${METHODS.map((one) => `impl_${one.label}`).join(' ')}
    .implements counter ${METHODS.map((_, i) => i + 1).join(' ')}
    .implements java/rmi/Remote
  .end
  .class stranger extends java/lang/Object
    .public 1
    .implements java/rmi/Remote
  .end
  .class main extends javacard/framework/Applet
    .instance 1 references 1 from 0
    .public 7 main_process
  .end
  ${METHODS.map(
    (one) => `.method impl_${one.label} stack 4 args ${one.words}
      ${one.code}
    .end`,
  ).join('\n')}
  .method impl_init stack 2 args 2
    aload_0 invokespecial ${SERVICE}/CardRemoteObject.<init>()V aload_0 aload_1 putfield_a impl.0 return
  .end
  .method main_process stack 3 args 2
    aload_0 getfield_a main.0 aload_1 invokevirtual ${SERVICE}/Dispatcher.process(L${APDU};)V return
  .end
  .method main_init stack 1 args 1
    aload_0 invokespecial javacard/framework/Applet.<init>()V return
  .end
  .method main_install stack 5 args 3 locals 3
    new impl dup aconst_null invokespecial impl_init astore_3
    new impl dup aload_3 invokespecial impl_init astore_3
    new ${SERVICE}/RMIService dup aload_3 invokespecial ${SERVICE}/RMIService.<init>(Ljava/rmi/Remote;)V astore_3
    new ${SERVICE}/Dispatcher dup sconst_1 invokespecial ${SERVICE}/Dispatcher.<init>(S)V astore 4
    aload 4 aload_3 sconst_2 invokevirtual ${SERVICE}/Dispatcher.addService(L${SERVICE}/Service;B)V
    new main dup invokespecial main_init astore 5
    aload 5 aload 4 putfield_a main.0
    aload 5 invokevirtual javacard/framework/Applet.register()V return
  .end`

function makeCard(): (hex: string) => string {
  const { pool, offsets } = signaturePool()
  const plain = assemble(TEXT)
  const counter = { kind: 'internal', classOffset: plain.classes.interfaces[0]!.offset } as const
  const cap = withRemoteTypes(plain, {
    packageName: 'com/example',
    signaturePool: pool,
    interfaceNames: { 0: 'Counter' },
    classes: {
      0: {
        methods: METHODS.map((one, i) => ({ hash: one.hash, signatureOffset: offsets[i]!, virtualToken: i + 1 })),
        hashModifier: '',
        className: 'Impl',
        interfaces: [counter],
      },
    },
  })
  const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto })
  card.loadPackage(cap)
  card.installApplet({ packageAid: fromHex(AID), appletAid: fromHex(`${AID}01`) })
  card.powerOn()
  return (hex) => toHex(card.transmit(fromHex(hex)))
}

const ascii = (text: string) => toHex(new TextEncoder().encode(text))
const SELECT = `00A4040008${AID}01`
const SELECT_WITH_INTERFACES = `00A4041008${AID}01`
const IMPL = `000B${ascii('com/example')}04${ascii('Impl')}`
const COUNTER = `00010B${ascii('com/example')}07${ascii('Counter')}`

/** Selected; `invoke` calls a method of the initial object, or another. */
function session() {
  const send = makeCard()
  const answer = send(SELECT)
  const initial = answer.slice(20, 24)
  const invoke = (hash: string, parameters = '', object = initial) => {
    const data = object + hash + parameters
    return send(`80380202${toHex(Uint8Array.of(data.length / 2))}${data}`)
  }
  return { send, answer, initial, invoke }
}

describe('SELECT of an applet with an RMIService', () => {
  it('gives the initial reference by its class', () => {
    const { answer, initial } = session()
    const reference = `81${initial}${IMPL}`
    expect(answer).toBe(`${lengths(reference)}020238${reference}9000`)
  })
  it('or by its remote interfaces', () => {
    const send = makeCard()
    const answer = send(SELECT_WITH_INTERFACES)
    const reference = `81${answer.slice(20, 24)}${COUNTER}`
    expect(answer).toBe(`${lengths(reference)}020238${reference}9000`)
  })
})

/** Headers of the three TLVs around version, instruction and reference. */
function lengths(reference: string): string {
  const inner = 3 + reference.length / 2
  return ['6F', inner + 4, '6E', inner + 2, '5E', inner]
    .map((one) => (typeof one === 'string' ? one : toHex(Uint8Array.of(one))))
    .join('')
}

describe('INVOKE', () => {
  it('short to short', () => expect(session().invoke('0001', '00FF')).toBe('8101009000'))
  it('int to int', () => expect(session().invoke('0005', 'FFFFFFFF')).toBe('81000000009000'))
  it('boolean', () => {
    const { invoke } = session()
    expect([invoke('0007', '01'), invoke('0007', '00')]).toEqual(['81009000', '81019000'])
  })
  it('byte[] is a global array, and null stays null', () => {
    const { invoke } = session()
    expect(invoke('0002', '03010203')).toBe('81031102039000')
    expect(invoke('0002', 'FF')).toBe('81FFFF9000')
  })
  it('short[] and short', () => expect(session().invoke('0006', '020001000203E7')).toBe('810203E700029000'))
  it('a reference to another object, then its methods, then null', () => {
    const { invoke } = session()
    const other = invoke('0003')
    expect(other).toMatch(new RegExp(`^81....${IMPL}9000$`))
    expect(invoke('0001', '0007', other.slice(2, 6))).toBe('8100089000')
    expect(invoke('0003', '', other.slice(2, 6))).toBe('81FFFF9000')
  })
  it('exceptions, with their reason', () => {
    expect(session().invoke('0004', '6985')).toBe('822369859000')
    expect(session().invoke('0006', '000001')).toBe('820200009000')
  })
  it('an object that is not exported is an exception of the service: 6F00', () => {
    expect(session().invoke('0008')).toBe('6F00')
  })
})

describe('INVOKE refuses', () => {
  it('objects that the client was not told of', () => {
    const { invoke, initial } = session()
    const hidden = toHex(Uint8Array.of(0, Number.parseInt(initial, 16) - 1))
    for (const object of ['0000', '0001', '0002', hidden, 'FFFF']) {
      expect(invoke('0001', '0001', object)).toBe('9900019000')
    }
  })
  it('methods there are not', () => expect(session().invoke('00FF')).toBe('9900029000'))
  it.each(['', '00', '000000'])('parameters of another form: "%s"', (parameters) => {
    expect(session().invoke('0001', parameters)).toBe('9900039000')
  })
  it.each(['', '04010203', '02010203'])('a byte[] of another length: "%s"', (parameters) => {
    expect(session().invoke('0002', parameters)).toBe('9900039000')
  })
  it('another version, and less than an object and a method', () => {
    const { send } = session()
    expect(send('8038020106000000010001')).toBe('9900069000')
    expect(send('80380202020001')).toBe('9900069000')
  })
  it('objects of the session before', () => {
    const { send, invoke } = session()
    expect(invoke('0001', '0001')).toBe('8100029000')
    const other = invoke('0003').slice(2, 6)
    send(SELECT)
    expect(invoke('0001', '0001', other)).toBe('9900019000')
    expect(invoke('0001', '0001')).toBe('8100029000')
  })
  it('other instructions: they are not for this service', () => {
    expect(session().send('80390202020001')).toBe('6D00')
  })
})
