import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { type ComponentName, handWrittenComponents, loadForm } from '../../test/hand-written-package.ts'
import { zipOf } from '../../test/zip-of.ts'
import type { CapFormatErrorCode } from '../errors.ts'
import { emitCapFile, emitComponents } from './emit-cap-file.ts'
import { parseCapFile, parseComponents } from './parse-cap-file.ts'

const withCode = (code: CapFormatErrorCode) => expect.objectContaining({ code })
const parsing = (changes: Partial<Record<ComponentName, string | undefined>>) => () =>
  parseComponents(loadForm(changes))
/** One component with a piece of its hex replaced. */
const changed = (name: ComponentName, from: string, to: string) => {
  const hex = handWrittenComponents[name]
  expect(hex).toContain(from)
  return { [name]: hex.replace(from, to) }
}

const files = (folder = 'com/example/purse/javacard') =>
  Object.fromEntries(
    Object.entries(handWrittenComponents).map(([name, hex]) => [`${folder}/${name}.cap`, fromHex(hex)]),
  )

describe('a package written by hand', () => {
  const cap = parseComponents(loadForm())

  it('is read as it was meant', () => {
    expect(cap.header).toEqual({
      formatVersion: { major: 2, minor: 1 },
      flags: 4,
      package: { aid: fromHex('F05445535431'), version: { major: 1, minor: 0 } },
    })
    expect(cap.applet).toEqual({ applets: [{ aid: fromHex('F0544553543101'), installMethodOffset: 16 }] })
    expect(cap.imports).toEqual([
      { aid: fromHex('A0000000620101'), version: { major: 1, minor: 6 } },
      { aid: fromHex('A0000000620001'), version: { major: 1, minor: 0 } },
    ])
    expect(cap.constantPool).toEqual([
      { kind: 'staticMethod', method: { kind: 'external', packageToken: 0, classToken: 3, token: 0 } },
      { kind: 'class', class: { kind: 'internal', classOffset: 0 } },
      { kind: 'staticMethod', method: { kind: 'internal', methodOffset: 9 } },
      { kind: 'virtualMethod', class: { kind: 'external', packageToken: 0, classToken: 3 }, token: 1 },
      { kind: 'virtualMethod', class: { kind: 'external', packageToken: 0, classToken: 10 }, token: 1 },
      { kind: 'class', class: { kind: 'external', packageToken: 0, classToken: 7 } },
    ])
    expect(cap.classes).toEqual({
      interfaces: [],
      classes: [
        {
          offset: 0,
          flags: 0,
          superClass: { kind: 'external', packageToken: 0, classToken: 3 },
          declaredInstanceSizeCells: 0,
          firstReferenceToken: 0xff,
          referenceCount: 0,
          publicMethodTableBase: 7,
          publicMethodTable: [29],
          packageMethodTableBase: 0,
          packageMethodTable: [],
          interfaces: [],
        },
      ],
    })
    expect(cap.methods.handlers).toEqual([
      { startOffset: 31, activeLengthBytes: 6, stop: true, handlerOffset: 37, catchTypeIndex: 5 },
    ])
    expect(cap.staticFields).toEqual({
      imageSizeBytes: 7,
      referenceCount: 2,
      arrayInits: [{ type: 3, values: fromHex('010203') }],
      defaultValueCount: 1,
      nonDefaultValues: fromHex('1234'),
    })
    expect(cap.referenceLocation).toEqual({ byteIndexOffsets: [], byte2IndexOffsets: [7, 13, 19, 23, 26, 33] })
    expect(cap.descriptor?.types.descriptors.map((one) => one.offset)).toEqual([14, 16, 19, 23])
    expect(cap.descriptor?.classes[0]?.methods.map((one) => one.bytecodeSizeBytes)).toEqual([5, 11, 8])
  })

  it('gives the same load form back, with Descriptor or without', () => {
    expect(toHex(emitComponents(cap, { descriptor: 'included' }))).toBe(toHex(loadForm()))
    expect(toHex(emitComponents(cap))).toBe(toHex(loadForm({ Descriptor: undefined })))
  })

  it('may come without the Descriptor that Directory announces, and in another order', () => {
    expect(parseComponents(loadForm({ Descriptor: undefined })).descriptor).toBeUndefined()
    const { Header, ...rest } = handWrittenComponents
    const reversed = [Header, ...Object.values(rest).reverse()]
    expect(parseComponents(fromHex(reversed.join('')))).toEqual(cap)
  })
})

describe('the load form', () => {
  it.each(Object.keys(handWrittenComponents).filter((name) => name !== 'Descriptor'))('needs %s', (name) => {
    expect(parsing({ [name]: undefined })).toThrow(expect.objectContaining({ code: expect.stringMatching(/^CAP_/) }))
  })

  it('begins with Header', () => {
    const { Header, Directory, ...rest } = handWrittenComponents
    const swapped = [Directory, Header, ...Object.values(rest)].join('')
    expect(() => parseComponents(fromHex(swapped))).toThrow(withCode('CAP_COMPONENT_ORDER'))
    expect(() => parseComponents(new Uint8Array())).toThrow(withCode('CAP_COMPONENT_MISSING'))
  })

  it('has every component once and none unknown', () => {
    expect(() => parseComponents(concatBytes(loadForm(), fromHex(handWrittenComponents.Class)))).toThrow(
      withCode('CAP_COMPONENT_DUPLICATE'),
    )
    expect(() => parseComponents(concatBytes(loadForm(), fromHex('0E 0000')))).toThrow(withCode('CAP_COMPONENT_TAG'))
    expect(() => parseComponents(concatBytes(loadForm(), fromHex('80 0000')))).toThrow(
      withCode('CAP_DIRECTORY_MISMATCH'),
    )
  })

  it('does not end inside a component', () => {
    expect(() => parseComponents(loadForm().subarray(0, -1))).toThrow(withCode('CAP_TRUNCATED'))
  })
})

describe('the checks on Header', () => {
  it.each([
    ['another magic', 'DECAFFED', 'DECAFFEE', 'CAP_BAD_MAGIC'],
    ['format 3.0', '01 02 04', '00 03 04', 'CAP_VERSION_UNSUPPORTED'],
    ['format 2.0', '01 02 04', '00 02 04', 'CAP_VERSION_UNSUPPORTED'],
    ['format 2.4', '01 02 04', '04 02 04', 'CAP_VERSION_UNSUPPORTED'],
    ['an extended file of format 2.2', '01 02 04', '02 02 0C', 'CAP_BAD_FLAGS'],
    ['an unknown flag', '01 02 04', '01 02 14', 'CAP_BAD_FLAGS'],
    ['an export flag without Export', '01 02 04', '01 02 06', 'CAP_BAD_FLAGS'],
    ['no applet flag with Applet', '01 02 04', '01 02 00', 'CAP_BAD_FLAGS'],
    [
      'an AID of 4 bytes',
      '0010 DECAFFED 01 02 04 00 01 06 F05445535431',
      '000E DECAFFED 01 02 04 00 01 04 F0544553',
      'CAP_BAD_AID',
    ],
    [
      'a byte too many',
      '0010 DECAFFED 01 02 04 00 01 06 F05445535431',
      '0011 DECAFFED 01 02 04 00 01 06 F0544553543100',
      'CAP_COMPONENT_SIZE',
    ],
  ] as const)('refuse %s', (_, from, to, code) => {
    expect(parsing(changed('Header', from, to))).toThrow(withCode(code))
  })
})

describe('the checks on how components fit together', () => {
  it.each<[string, ComponentName, string, string, CapFormatErrorCode]>([
    ['a wrong size in Directory', 'Directory', '0010 001F', '0011 001F', 'CAP_DIRECTORY_MISMATCH'],
    ['a wrong image size in Directory', 'Directory', '0007 0001 0003', '0008 0001 0003', 'CAP_DIRECTORY_MISMATCH'],
    ['a wrong import count in Directory', 'Directory', '02 01 00', '03 01 00', 'CAP_DIRECTORY_MISMATCH'],
    ['an applet with the RID of somebody else', 'Applet', 'F054455354', 'F154455354', 'CAP_BAD_AID'],
    ['an install method between methods', 'Applet', '0010', '0011', 'CAP_BAD_METHOD'],
    ['an install method behind the end', 'Applet', '0010', '0026', 'CAP_BAD_METHOD'],
    ['an image size that is no sum', 'StaticField', '0012 0007', '0012 0009', 'CAP_BAD_STATIC_IMAGE'],
    [
      'more array initialisers than references',
      'StaticField',
      '0007 0002 0001',
      '0003 0000 0001',
      'CAP_BAD_STATIC_IMAGE',
    ],
    ['an array initialiser of unknown type', 'StaticField', '03 0003 010203', '06 0003 010203', 'CAP_BAD_STATIC_IMAGE'],
    ['half a short in an array initialiser', 'StaticField', '03 0003 010203', '04 0003 010203', 'CAP_BAD_STATIC_IMAGE'],
    ['a superclass from a package not imported', 'Class', '8003', '8203', 'CAP_BAD_REFERENCE'],
    ['a class that is its own superclass', 'Class', '8003', '0000', 'CAP_BAD_CLASS'],
    ['a superclass offset without a class', 'Class', '8003', '0001', 'CAP_BAD_REFERENCE'],
    ['unknown class flags', 'Class', '000C 00', '000C 10', 'CAP_BAD_CLASS'],
    ['more references than cells', 'Class', '00 FF 00 07', '00 00 01 07', 'CAP_BAD_CLASS'],
    ['a method table entry between methods', 'Class', '001D', '001E', 'CAP_BAD_METHOD'],
    ['an unknown constant', 'ConstantPool', '01 0000 00', '07 0000 00', 'CAP_BAD_CONSTANT'],
    ['a block index in a compact file', 'ConstantPool', '06 00 0009', '06 01 0009', 'CAP_BAD_CONSTANT'],
    ['a constant for a class that is not there', 'ConstantPool', '01 0000 00', '01 0002 00', 'CAP_BAD_REFERENCE'],
    ['a constant for a package not imported', 'ConstantPool', '01 8007 00', '01 8507 00', 'CAP_BAD_REFERENCE'],
    ['a static field outside the image', 'ConstantPool', '01 8007 00', '05 00 0007', 'CAP_BAD_REFERENCE'],
    ['a handler that reaches behind the end', 'Method', '001F 8006', '001F 8009', 'CAP_BAD_HANDLER'],
    ['a handler that catches a method', 'Method', '0025 0005', '0025 0004', 'CAP_BAD_HANDLER'],
    ['a handler among the handlers', 'Method', '0025 0005', '0008 0005', 'CAP_BAD_HANDLER'],
    ['a location that holds no index', 'RefLocation', '07 06 06', '05 06 06', 'CAP_BAD_REFERENCE_LOCATION'],
    ['a location named twice', 'RefLocation', '07 06 06', '07 00 06', 'CAP_BAD_REFERENCE_LOCATION'],
    ['a location behind the end', 'RefLocation', '04 03 07', '04 03 0D', 'CAP_BAD_REFERENCE_LOCATION'],
    ['a type that is not there', 'Descriptor', '000E FFFF', '000F FFFF', 'CAP_BAD_DESCRIPTOR'],
    [
      'too few constant types',
      'Descriptor',
      '0006 000E FFFF 000E 000E 0017 FFFF',
      '0005 000E FFFF 000E 000E 0017 0110',
      'CAP_BAD_DESCRIPTOR',
    ],
    ['a method longer than Method', 'Descriptor', '0013 0008', '0013 0009', 'CAP_BAD_DESCRIPTOR'],
    ['a handler that is not there', 'Descriptor', '0008 0001 0000', '0008 0001 0001', 'CAP_BAD_DESCRIPTOR'],
  ])('refuse %s', (_, name, from, to, code) => {
    expect(parsing(changed(name, from, to))).toThrow(withCode(code))
  })

  it('tolerate a foreign applet RID as a quirk', () => {
    const foreign = loadForm(changed('Applet', 'F054455354', 'F154455354'))
    const cap = parseComponents(foreign, { appletRidMayDiffer: true })
    expect(emitComponents(cap, { descriptor: 'included' })).toEqual(foreign)
  })
})

describe('the ZIP form', () => {
  it('finds components in any case, packed or stored, between other files', () => {
    const renamed = Object.entries(files()).map(([name, bytes]) => [name.toUpperCase(), bytes])
    const expected = { ...parseComponents(loadForm()), packagePath: 'COM/EXAMPLE/PURSE' }
    for (const level of [0, 9] as const) {
      const archive = zipOf({ ...Object.fromEntries(renamed), 'META-INF/MANIFEST.MF': fromHex('20') }, { level })
      expect(parseCapFile(archive)).toEqual(expected)
    }
  })

  it('is the same bytes every time, and gives the same package back', () => {
    const cap = parseCapFile(zipOf(files()))
    expect(cap.packagePath).toBe('com/example/purse')
    expect(emitCapFile(cap)).toEqual(emitCapFile(parseCapFile(emitCapFile(cap))))
    expect(parseCapFile(emitCapFile(cap))).toEqual(cap)
  })

  it('carries a manifest with the facts of the package', () => {
    const text = new TextDecoder('latin1').decode(emitCapFile(parseCapFile(zipOf(files()))))
    expect(text).toContain('Name: com/example/purse\r\nJava-Card-CAP-File-Version: 2.1\r\n')
    expect(text).toContain('Java-Card-Applet-1-AID: 0xf0:0x54:0x45:0x53:0x54:0x31:0x01\r\n')
    for (const line of text.split('\r\n').filter((one) => one.startsWith('Java-Card'))) {
      expect(line.length).toBeLessThanOrEqual(72)
    }
  })

  it('cannot be written without Descriptor', () => {
    const { descriptor: _, ...cap } = parseCapFile(zipOf(files()))
    expect(() => emitCapFile(cap)).toThrow(withCode('CAP_COMPONENT_MISSING'))
  })

  it('is refused when it holds two packages or one component twice', () => {
    const second = { 'other/javacard/Class.cap': fromHex(handWrittenComponents.Class) }
    expect(() => parseCapFile(zipOf({ ...files(), ...second }))).toThrow(withCode('CAP_COMPONENT_DUPLICATE'))
    const twice = { 'com/example/purse/javacard/CLASS.cap': fromHex(handWrittenComponents.Class) }
    expect(() => parseCapFile(zipOf({ ...files(), ...twice }))).toThrow(withCode('CAP_COMPONENT_DUPLICATE'))
  })

  it('is refused when a file holds another component than its name says, or more than one', () => {
    const folder = 'com/example/purse/javacard'
    const wrongTag = { [`${folder}/Class.cap`]: fromHex(handWrittenComponents.Import) }
    expect(() => parseCapFile(zipOf({ ...files(), ...wrongTag }))).toThrow(withCode('CAP_COMPONENT_TAG'))
    const longer = { [`${folder}/Class.cap`]: fromHex(`${handWrittenComponents.Class} 00`) }
    expect(() => parseCapFile(zipOf({ ...files(), ...longer }))).toThrow(withCode('CAP_COMPONENT_SIZE'))
    const notCustom = { [`${folder}/Extra.cap`]: fromHex('7F 0000') }
    expect(() => parseCapFile(zipOf({ ...files(), ...notCustom }))).toThrow(withCode('CAP_COMPONENT_TAG'))
    const empty = { [`${folder}/Class.cap`]: fromHex('06 00') }
    expect(() => parseCapFile(zipOf({ ...files(), ...empty }))).toThrow(withCode('CAP_TRUNCATED'))
  })

  it('is refused without Header', () => {
    const { 'com/example/purse/javacard/Header.cap': _, ...rest } = files()
    expect(() => parseCapFile(zipOf(rest))).toThrow(withCode('CAP_COMPONENT_MISSING'))
  })

  it('is refused with a wide size item in a compact file, and a narrow one in an extended file', () => {
    const wide = { 'com/example/purse/javacard/Method.capx': fromHex('07 00000001 00') }
    const { 'com/example/purse/javacard/Method.cap': _, ...rest } = files()
    expect(() => parseCapFile(zipOf({ ...rest, ...wide }))).toThrow(withCode('CAP_COMPONENT_SIZE'))
    const header = fromHex(
      '01 0018 DECAFFED 03 02 0C 00 01 06 F05445535431 01 00 01 06 F05445535432 00'.replace('0018', '001A'),
    )
    const extended = { ...files(), 'com/example/purse/javacard/Header.cap': header }
    expect(() => parseCapFile(zipOf(extended))).toThrow(withCode('CAP_COMPONENT_SIZE'))
  })
})
