import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { loadForm } from '../../test/hand-written-package.ts'
import type { CapFileParts } from './cap-file.ts'
import { emitClassComponent, parseClassComponent } from './class-component.ts'
import { withDirectory } from './component-info.ts'
import { emitComponents } from './emit-cap-file.ts'
import { emitHeader, parseHeader } from './header.ts'
import { parseComponents } from './parse-cap-file.ts'
import { emitStaticResources, parseStaticResources } from './static-resources.ts'

const hand = parseComponents(loadForm())

/** The hand-written package in another format. */
function inFormat(minor: 2 | 3): CapFileParts {
  const { directory: _, ...parts } = hand
  const [first] = parts.classes.classes
  const mapping = {
    publicVirtualMethodTokenMapping: Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
    cap22InheritablePublicMethodTokenCount: 8,
  }
  return {
    ...parts,
    header: { ...parts.header, formatVersion: { major: 2, minor }, packageName: 'com/example' },
    classes: {
      interfaces: [],
      classes: [{ ...first!, offset: 2, ...(minor === 3 && mapping) }],
      signaturePool: new Uint8Array(),
    },
    constantPool: parts.constantPool.map((entry, i) =>
      i === 1 ? { kind: 'class', class: { kind: 'internal', classOffset: 2 } } : entry,
    ),
    descriptor: {
      ...parts.descriptor!,
      classes: parts.descriptor!.classes.map((one) => ({ ...one, thisClass: { kind: 'internal', classOffset: 2 } })),
    },
  }
}

describe('format 2.2', () => {
  it('has a package name in Header and the size of Debug in Directory', () => {
    const cap = withDirectory({ ...inFormat(2), debug: fromHex('0102030405') })
    expect(cap.directory.debugSizeBytes).toBe(5)
    expect(toHex(emitHeader(cap.header))).toBe(
      'DECAFFED0202040001 06F05445535431 0B636F6D2F6578616D706C65'.replaceAll(' ', ''),
    )
    const { debug: _, packagePath: __, ...sent } = cap
    expect(parseComponents(emitComponents(cap, { descriptor: 'included' }))).toEqual(sent)
  })

  it('has a name even when it is empty', () => {
    const info = fromHex('DECAFFED 02 02 00 00 01 05 F054455354 00')
    expect(parseHeader(info).packageName).toBe('')
    expect(() => parseHeader(info.subarray(0, -1))).toThrow(expect.objectContaining({ code: 'CAP_TRUNCATED' }))
    expect(emitHeader(parseHeader(info))).toEqual(info)
  })

  it('keeps any byte of a name', () => {
    const info = Uint8Array.from([...fromHex('DECAFFED 02 02 00 00 01 05 F054455354 FF'), ...Array(255).keys()])
    expect(emitHeader(parseHeader(info))).toEqual(info)
  })

  it('keeps remote interfaces and classes', () => {
    // signature pool 4 bytes; remote interface extends 0.2, name "I"; remote class with one method and one interface
    const info = fromHex(`0004 0342B410
      A1 8002 01 49
      21 8000 00 FF 00 00 01 00 00 0010  0004 01 00
      01 ABCD 0000 00  02 4161  01 43  01 0004`)
    const component = parseClassComponent(info, 0x0202)
    expect(component.interfaces).toMatchObject([{ offset: 6, flags: 0xa, interfaceName: 'I' }])
    expect(component.classes[0]?.remote).toEqual({
      methods: [{ hash: 0xabcd, signatureOffset: 0, virtualToken: 0 }],
      hashModifier: 'Aa',
      className: 'C',
      interfaces: [{ kind: 'internal', classOffset: 4 }],
    })
    expect(toHex(emitClassComponent(component, 0x0202))).toBe(toHex(info))
  })
})

describe('format 2.3', () => {
  it('has a token mapping per class and the size of the resources in Directory', () => {
    const resources = [{ resourceId: 1, content: fromHex('CAFE') }]
    const cap = withDirectory({ ...inFormat(3), staticResources: { resources } })
    expect(cap.directory.staticResourceSizeBytes).toBe(2 + 6 + 2)
    const { packagePath: _, ...sent } = cap
    expect(parseComponents(emitComponents(cap, { descriptor: 'included' }))).toEqual(sent)
  })

  it('takes a missing mapping as the identity', () => {
    const { classes } = inFormat(3)
    const [{ publicVirtualMethodTokenMapping, cap22InheritablePublicMethodTokenCount, ...bare }] = classes.classes as [
      (typeof classes.classes)[0],
    ]
    expect(emitClassComponent({ ...classes, classes: [bare] }, 0x0203)).toEqual(emitClassComponent(classes, 0x0203))
  })

  it('refuses a mapping of another length', () => {
    const { classes } = inFormat(3)
    const wrong = { ...classes.classes[0]!, publicVirtualMethodTokenMapping: fromHex('00') }
    expect(() => emitClassComponent({ ...classes, classes: [wrong] }, 0x0203)).toThrow('token mapping of 1 bytes')
  })

  it('keeps resources with a four-byte size', () => {
    const info = fromHex('0002 0001 00000002 0002 00000001 CAFE 55')
    expect(parseStaticResources(info).resources).toEqual([
      { resourceId: 1, content: fromHex('CAFE') },
      { resourceId: 2, content: fromHex('55') },
    ])
    expect(emitStaticResources(parseStaticResources(info))).toEqual(info)
    expect(() => parseStaticResources(fromHex('0001 0001 7FFFFFFF 00'))).toThrow(
      expect.objectContaining({ code: 'CAP_TRUNCATED' }),
    )
  })
})

describe('custom components', () => {
  it('are named by Directory and follow the others', () => {
    const { directory: _, ...parts } = hand
    const custom = [{ tag: 0x80, aid: fromHex('F054455354FF'), info: fromHex('C0FFEE') }]
    const cap = withDirectory({ ...parts, custom })
    expect(toHex(emitComponents(cap)).endsWith('800003C0FFEE')).toBe(true)
    expect(parseComponents(emitComponents(cap)).custom).toEqual(custom)
  })
})
