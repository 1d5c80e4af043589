import { fromHex, GridcardError, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { classWith, convertClasses, findingsOf, PACKAGE } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass, type MethodText } from '../../test/java-assembler.ts'
import { structureFaults } from '../../test/structure.ts'
import { checkCapFile } from '../capfile/check-cap-file.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { convert } from './convert.ts'

const AID = fromHex('F0475249440101')
const INSTALL: MethodText = {
  name: 'install',
  descriptor: '([BSB)V',
  flags: flagsOf('public static'),
  code: 'new p/A; dup; invokespecial p/A.<init>:()V; invokevirtual p/A.register:()V; return',
}
const PROCESS: MethodText = { name: 'process', descriptor: '(Ljavacard/framework/APDU;)V', code: 'return' }
const applet = javaClass({
  name: 'p/A',
  superName: 'javacard/framework/Applet',
  methods: [constructorOf('javacard/framework/Applet', flagsOf('private')), INSTALL, PROCESS],
})

function refusal(act: () => unknown): { code?: string; message: string } {
  try {
    act()
  } catch (error) {
    return error as { code?: string; message: string }
  }
  return { message: 'not refused' }
}

const withApplet = (classFile: Uint8Array, applets: { className: string; aid: Uint8Array }[]) =>
  refusal(() => convertClasses([classFile], { applets })).message

describe('what cannot be a package is refused', () => {
  test.for([
    ['an enum', { flags: flagsOf('public final super enum') }, 'is an enum'],
    ['a class of another package', { name: 'q/A' }, 'is not in package p'],
    ['a class of a subpackage', { name: 'p/q/A' }, 'is not in package p'],
    [
      'an unknown superclass',
      { superName: 'java/lang/Thread' },
      'java.lang.Thread does not exist on a card of API level 3.0.5',
    ],
    [
      'an unknown interface',
      { interfaces: ['java/io/Serializable'] },
      'java.io.Serializable does not exist on a card of API level 3.0.5',
    ],
    ['a remote interface', { interfaces: ['java/rmi/Remote'] }, 'is remote: its methods are named by SHA-1 digests'],
    ['a native method', { methods: [{ name: 'f', descriptor: '()V', flags: flagsOf('public native') }] }, 'is native'],
    [
      'a synchronized method',
      { methods: [{ name: 'f', descriptor: '()V', flags: flagsOf('public synchronized'), code: 'return' }] },
      'is synchronized',
    ],
    ['a field of type long', { fields: ['f J'] }, 'field f is of type long'],
    ['a field of type int', { fields: ['f I'] }, 'field f is of type int'],
    ['an array of double', { fields: ['f [D'] }, 'field f is of type double[]'],
    ['an array of arrays', { fields: ['f [[B'] }, 'field f is an array of arrays'],
    ['a String', { fields: ['f Ljava/lang/String;'] }, 'field f is a String'],
    [
      'a parameter of type char',
      { methods: [{ name: 'f', descriptor: '(SC)V', code: 'return' }] },
      'parameter 2 is of type char',
    ],
    [
      'a String result',
      { methods: [{ name: 'f', descriptor: '()[Ljava/lang/String;', code: 'aconst_null; areturn' }] },
      'the result is a String',
    ],
  ] as const)('%s', ([, change, message]) => {
    expect(findingsOf(javaClass({ name: 'p/A', ...change }))).toEqual([message])
  })

  test('classes and interfaces that inherit from themselves', () => {
    const [above, below] = [javaClass({ name: 'p/A', superName: 'p/B' }), javaClass({ name: 'p/B', superName: 'p/A' })]
    expect(findingsOf(above, below)).toEqual(['inherits from itself', 'inherits from itself'])
    const face = javaClass({ name: 'p/I', flags: flagsOf('public interface abstract'), interfaces: ['p/I'] })
    const user = javaClass({ name: 'p/C', interfaces: ['p/I'], methods: [constructorOf()] })
    expect(findingsOf(face, user)).toEqual(['inherits from itself'])
  })

  test('AIDs that are too short, too long or of another owner', () => {
    expect(refusal(() => convertClasses([applet], { packageAid: fromHex('F0475249') })).message).toContain(
      'the AID has 4 bytes',
    )
    expect(withApplet(applet, [{ className: 'p.A', aid: new Uint8Array(17) }])).toContain('the AID has 17 bytes')
    expect(withApplet(applet, [{ className: 'p.A', aid: fromHex('A000000001') }])).toContain(
      'does not begin with the first five bytes',
    )
  })

  test('applets of which only some are multiselectable, as by the vendor', () => {
    const body = { descriptor: '(Z)Z', flags: flagsOf('public'), code: 'iconst_1; ireturn' }
    const several = javaClass({
      name: 'p/B',
      superName: 'p/A',
      interfaces: ['javacard/framework/MultiSelectable'],
      methods: [
        { name: 'select', ...body },
        { name: 'deselect', ...body, descriptor: '(Z)V', code: 'return' },
      ],
    })
    const applets = [AID, fromHex('F0475249440102')].map((aid, i) => ({ className: `p.${'AB'[i]}`, aid }))
    const message = 'p.B: is multiselectable, and another applet of the same CAP file is not'
    expect(refusal(() => convertClasses([applet, several], { applets })).message).toContain(message)
    expect(refusal(() => convertClasses([applet, several], { applets: applets.slice(1) })).message).toBe('not refused')
  })

  test('applets that are none', () => {
    expect(withApplet(applet, [{ className: 'p.B', aid: AID }])).toContain('not among the class files')
    expect(withApplet(classWith('iconst_0; ireturn'), [{ className: 'p.T', aid: AID }])).toContain(
      'is not a class that extends',
    )
    const bare = javaClass({ name: 'p/A', superName: 'javacard/framework/Applet', methods: [PROCESS] })
    expect(withApplet(bare, [{ className: 'p.A', aid: AID }])).toContain('has no public static void install')
  })
})

describe('broken class files are told apart from unsupported ones', () => {
  test.for([
    ['pops an empty stack', 'iadd; ireturn'],
    ['runs off its end', 'iload_0; pop'],
    ['mixes references and ints', 'aconst_null; ireturn'],
    ['mixes ints and references', 'iload_0; arraylength; ireturn'],
    ['reads a local it never wrote', 'iload 7; ireturn'],
    ['meets itself with another stack', 'L: iload_0; goto L'],
    ['meets itself with another type', 'iload_0; ifeq A; aconst_null; goto B; A: iload_0; B: pop; iload_0; ireturn'],
  ] as const)('code that %s', ([, code]) => {
    const error = refusal(() => convertClasses([classWith(code)]))
    expect(error).toMatchObject({ code: 'CAP_CLASS_MALFORMED', message: expect.stringContaining('p/T.f(SS)S') })
  })

  test('any bit flipped in an applet gives a package or an own error', () => {
    const code = `A: iload_0; iload_1; idiv; i2s; istore_0; B: goto D; C: astore_2; iconst_1; istore_0; D: iload_0
      tableswitch 0 E E F; E: aload_2; ifnull F; iload_0; newarray byte; dup; iconst_0; iload_1; i2b; bastore
      iconst_0; baload; ireturn; F: iload_0; ireturn`
    const bytes = classWith(`aconst_null; astore_2; ${code}`, '(SS)S', {
      handlers: ['A B C java/lang/ArithmeticException'],
    })
    convertClasses([bytes])
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const error = refusal(() => {
        const { cap } = convertClasses([damaged])
        emitCapFile(cap)
      })
      expect(error instanceof GridcardError || error.message === 'not refused', `bit ${bit}: ${error.message}`).toBe(
        true,
      )
    }
  })
})

describe('an applet package', () => {
  const { cap } = convertClasses([applet], { applets: [{ className: 'p.A', aid: AID }] })

  test('says so, names its install method, exports nothing and imports in order of use', () => {
    expect(cap.header).toEqual({
      formatVersion: { major: 2, minor: 1 },
      flags: 4,
      package: { aid: PACKAGE.packageAid, version: { major: 1, minor: 0 } },
    })
    expect(cap.applet!.applets[0]!.installMethodOffset).toBe(cap.descriptor!.classes[0]!.methods[1]!.methodOffset)
    expect(cap.export).toBeUndefined()
    expect(cap.imports.map((one) => toHex(one.aid))).toEqual(['A0000000620101', 'A0000000620001'])
  })

  test('passes both checks', () => {
    checkCapFile(cap)
    expect(structureFaults(emitCapFile(cap))).toEqual([])
  })

  test('exports its shareable interfaces and nothing else', () => {
    const shared = javaClass({
      name: 'p/Zeta',
      flags: flagsOf('public interface abstract'),
      interfaces: ['javacard/framework/Shareable'],
      methods: [{ name: 'give', descriptor: '()S', flags: flagsOf('public abstract') }],
    })
    const conversion = convertClasses([applet, shared], { applets: [{ className: 'p.A', aid: AID }] })
    expect(conversion.cap.header.flags).toBe(6)
    expect(conversion.cap.export).toEqual({
      classes: [{ classOffset: 0, staticFieldOffsets: [], staticMethodOffsets: [] }],
    })
    expect(conversion.exported.classes.map((one) => [one.name, one.token, one.access_flags])).toEqual([
      ['p/Zeta', 0, 0x0e01],
    ])
    expect(conversion.exported.classes[0]!.methods).toMatchObject([{ name: 'give', space: 'interface', token: 0 }])
  })
})

describe('a library package', () => {
  const base = javaClass({
    name: 'p/Base',
    fields: ['public static shared S', 'protected own S', 'public static final C B = 5', 'hidden [B'],
    methods: [
      constructorOf(),
      {
        name: 'twice',
        descriptor: '(S)S',
        flags: flagsOf('public static'),
        code: 'iload_0; iconst_2; imul; i2s; ireturn',
      },
      { name: 'own', descriptor: '()S', flags: flagsOf('public'), code: 'aload_0; getfield p/Base.own:S; ireturn' },
      { name: 'inner', descriptor: '()V', flags: flagsOf('private static'), code: 'return' },
    ],
  })
  const library = convertClasses([base])

  test('exports its public classes with tokens for all that others may name', () => {
    expect(library.cap.header.flags).toBe(2)
    const [one] = library.exported.classes
    expect(one!.fields).toMatchObject([
      { name: 'C', token: 255, value: 5 },
      { name: 'shared', token: 0 },
      { name: 'own', token: 0 },
    ])
    expect(one!.methods.map((m) => [m.name, m.space, m.token])).toEqual([
      ['<init>', 'static', 0],
      ['twice', 'static', 1],
      ['equals', 'virtual', 0],
      ['own', 'virtual', 1],
    ])
    expect(library.cap.export!.classes[0]!.staticMethodOffsets).toHaveLength(2)
  })

  test('serves a package that extends its classes', () => {
    const user = javaClass({
      name: 'q/User',
      superName: 'p/Base',
      methods: [
        constructorOf('p/Base'),
        {
          name: 'own',
          descriptor: '()S',
          code: `aload_0; invokespecial p/Base.own:()S; aload_0; getfield q/User.own:S; iadd; i2s
            invokestatic p/Base.twice:(S)S; getstatic p/Base.shared:S; iadd; i2s; ireturn`,
        },
      ],
    })
    const { cap } = convert({
      ...PACKAGE,
      packageName: 'q',
      packageAid: fromHex('F04752494402'),
      classFiles: [user],
      applets: [],
      level: '3.0.5',
      libraries: [library.exported],
    })
    checkCapFile(cap)
    expect(cap.imports.map((one) => toHex(one.aid))).toContain('F04752494401')
    expect(cap.classes.classes[0]).toMatchObject({ publicMethodTableBase: 1 })
    expect(cap.constantPool.map((one) => one.kind).toSorted()).toEqual([
      'instanceField',
      'staticField',
      'staticMethod',
      'staticMethod',
      'superMethod',
    ])
  })
})

describe('exception handlers', () => {
  const nested = classWith(
    'A: iload_0; iload_1; idiv; B: i2s; ireturn; C: pop; iconst_1; D: ireturn; E: pop; iconst_2; ireturn; F: pop; iconst_3; ireturn',
    '(SS)S',
    { handlers: ['A B C java/lang/ArithmeticException', 'A B E java/lang/RuntimeException', 'A D F any'] },
  )

  test('keep their search order; the last that covers a place stops the search', () => {
    const { cap } = convertClasses([nested])
    expect(
      cap.methods.handlers.map(({ stop, activeLengthBytes, catchTypeIndex }) => [
        stop,
        activeLengthBytes,
        catchTypeIndex,
      ]),
    ).toEqual([
      [false, 3, 1],
      [false, 3, 2],
      [true, 6, 0],
    ])
    expect(structureFaults(emitCapFile(cap))).toEqual([])
  })

  test('of code that nothing reaches are left out', () => {
    const dead = classWith('goto B; A: iconst_0; ireturn; B: iconst_1; ireturn; C: pop; iconst_2; ireturn', '(S)S', {
      handlers: ['A B C any'],
    })
    expect(convertClasses([dead]).cap.methods.handlers).toEqual([])
  })

  test('that stand in an order the format cannot keep are refused', () => {
    const crossed = classWith(
      'A: iload_0; ireturn; B: iconst_1; ireturn; C: pop; iconst_2; ireturn; D: pop; iconst_3; ireturn',
      '(S)S',
      {
        handlers: ['A B D any', 'A B C any'],
      },
    )
    expect(findingsOf(crossed)).toEqual(['an outer exception handler stands before an inner one'])
  })
})

test('annotations, and what says something of a whole package, are left out', () => {
  const note = javaClass({ name: 'p/Note', flags: flagsOf('public interface abstract annotation') })
  const info = javaClass({ name: 'p/package-info', flags: flagsOf('interface abstract synthetic') })
  const [bare, all] = [convertClasses([applet]), convertClasses([applet, note, info])]
  expect(toHex(emitCapFile(all.cap))).toBe(toHex(emitCapFile(bare.cap)))
})

describe('the same program gives the same bytes', () => {
  const other = (lines?: readonly string[]) =>
    javaClass({
      name: 'p/B',
      ...(lines && { sourceFile: 'B.java' }),
      methods: [
        { name: 'f', descriptor: '()S', code: 'L: iconst_0; ireturn', ...(lines && { lines }) },
        constructorOf(),
      ],
    })

  test('in whatever order the class files come', () => {
    const [once, again] = [convertClasses([applet, other()]), convertClasses([other(), applet])]
    expect(toHex(emitCapFile(again.cap))).toBe(toHex(emitCapFile(once.cap)))
  })

  test('with or without debug information', () => {
    const [once, again] = [convertClasses([other()]), convertClasses([other(['L 17'])])]
    expect(toHex(emitCapFile(again.cap))).toBe(toHex(emitCapFile(once.cap)))
  })
})
