import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { convertClasses, findingsOf } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'

const withStatics = (fields: readonly string[], code: string) =>
  javaClass({
    name: 'p/A',
    fields,
    methods: [{ name: '<clinit>', descriptor: '()V', flags: flagsOf('static'), code: `${code}; return` }],
  })

const APPLETS = [{ className: 'p.B', aid: fromHex('F0475249440101') }]
const APPLET = javaClass({
  name: 'p/B',
  superName: 'javacard/framework/Applet',
  methods: [
    constructorOf('javacard/framework/Applet', flagsOf('private')),
    { name: 'install', descriptor: '([BSB)V', flags: flagsOf('public static'), code: 'return' },
    { name: 'process', descriptor: '(Ljavacard/framework/APDU;)V', code: 'return' },
  ],
})
const convertWithApplet = (classFile: Uint8Array) => convertClasses([classFile, APPLET], { applets: APPLETS })

const REFUSED = 'a static field is initialised with more than constants'

describe('a static initialiser that computes is refused', () => {
  test.for([
    ['a new object', ['static a Lp/A;'], 'new p/A; dup; invokespecial p/A.<init>:()V; putstatic p/A.a:Lp/A;'],
    ['a call', ['static s S'], 'invokestatic p/A.f:()S; putstatic p/A.s:S'],
    ['a copy of another field', ['static a S', 'static b S'], 'getstatic p/A.a:S; putstatic p/A.b:S'],
    [
      'one array for two fields',
      ['static a [B', 'static b [B'],
      'iconst_2; newarray byte; dup; putstatic p/A.a:[B; putstatic p/A.b:[B',
    ],
    ['an array of objects', ['static a [Lp/A;'], 'iconst_2; anewarray p/A; putstatic p/A.a:[Lp/A;'],
    ['an array of int', ['static a [B'], 'iconst_2; newarray int; pop'],
    [
      'an element beyond the array',
      ['static a [B'],
      'iconst_1; newarray byte; dup; iconst_1; iconst_5; bastore; putstatic p/A.a:[B',
    ],
    ['an array of negative size', ['static a [B'], 'iconst_m1; newarray byte; putstatic p/A.a:[B'],
    ['a jump', ['static a S'], 'L: goto L'],
  ] as const)('%s', ([, fields, code]) => {
    expect(findingsOf(withStatics(fields, code))).toContain(REFUSED)
  })
})

test('an array in a library is refused: only packages with applets begin with arrays', () => {
  const code = 'iconst_0; newarray boolean; putstatic p/A.a:[Z'
  expect(findingsOf(withStatics(['static a [Z'], code))).toEqual([
    'static field a begins as an array, which only packages with applets can have',
  ])
  expect(findingsOf(withStatics(['static s S'], 'iconst_5; putstatic p/A.s:S'))).toEqual([])
})

test('the image holds arrays, nulls, zeros and other values in this order', () => {
  const fields = [
    'static z Z',
    'static s S',
    'static n [S',
    'static b B',
    'static a [B',
    'static final t [S',
    'static zero S',
    'public static final C S = 9',
  ]
  const code = `sipush -300; putstatic p/A.s:S
    bipush 7; putstatic p/A.b:B
    iconst_2; newarray byte; dup; iconst_0; bipush -5; bastore; putstatic p/A.a:[B
    iconst_2; newarray short; dup; iconst_1; ldc 32768; i2s; sastore; putstatic p/A.t:[S
    aconst_null; putstatic p/A.n:[S
    iconst_0; putstatic p/A.zero:S`
  const { cap } = convertWithApplet(withStatics(fields, code))
  const { staticFields } = cap
  expect(staticFields).toMatchObject({ imageSizeBytes: 12, referenceCount: 3, defaultValueCount: 3 })
  expect(staticFields.arrayInits.map((one) => [one.type, toHex(one.values)])).toEqual([
    [3, 'FB00'],
    [4, '00008000'],
  ])
  expect(toHex(staticFields.nonDefaultValues)).toBe('FED407')
  const [statics] = cap.descriptor!.classes.filter((one) => one.fields.length > 0)
  const offsets = statics!.fields.map((one) =>
    one.field.kind === 'static' && one.field.ref.kind === 'internal' ? one.field.ref.imageOffset : -1,
  )
  expect(offsets).toEqual([6, 9, 4, 11, 0, 2, 7]) // z s n b a t zero; the constant has no place
})

test('no code of the initialiser is left, and empty arrays stay', () => {
  const { cap } = convertWithApplet(withStatics(['static a [Z'], 'iconst_0; newarray boolean; putstatic p/A.a:[Z'))
  expect(toHex(cap.methods.info)).toBe(toHex(convertWithApplet(javaClass({ name: 'p/A' })).cap.methods.info))
  expect(cap.staticFields.arrayInits).toEqual([{ type: 2, values: new Uint8Array() }])
})
