import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { assemble } from '../assembler/assemble.ts'
import { disassemble } from '../assembler/disassemble.ts'
import { CapFormatError } from '../errors.ts'
import { decodeMethods } from '../instructions/method-code.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'
import type { CapFile } from './cap-file.ts'
import { emitComponentInfo } from './component-info.ts'
import { COMPONENT_TAGS } from './component-table.ts'
import { emitCapFile, emitComponents } from './emit-cap-file.ts'
import { exportedPackages } from './export-component.ts'
import { joinBlocks, parseMethodComponent } from './method-component.ts'
import { parseCapFile, parseComponents } from './parse-cap-file.ts'

// The layout is that of a file of the vendor's converter 24.1 (three packages, one public, a resource), which comes
// through byte for byte; that file is not here.

/** Two public packages, a private one, and methods in two blocks; the second calls into the first. */
const TEXT = `.format 2.3
.cap F04752494445580101 1.2
.package F04752494445580102 1.3
.package F04752494445580103 2.0
.import javacard.framework 1.6
.import java.lang 1.0
.class first extends java/lang/Object
  .instance 1
  .public 1
  .tokens 1 00
.end
.class second extends first
  .instance 0
  .public 1 second_get
  .tokens 2 00FF
.end
.class hidden extends java/lang/Object
  .public 1
  .tokens 1 00
.end
.statics default 2
.method first_make stack 2 locals 1
  A: sconst_1 sconst_0 sdiv pop B: sconst_1 sreturn
  C: pop sconst_2 sreturn
  .catch A B C java/lang/ArithmeticException
.end
.block
.method second_get stack 2 args 1
  A: invokestatic first_make sreturn B:
  C: pop sconst_3 sreturn
  .catch A B C java/lang/RuntimeException
.end
.method second_make stack 1
  invokestatic first_make sreturn
.end
.exports
.export first fields 0 methods first_make
.exports
.export second methods second_make
.resource 5 48656C6C6F
.resource 6 AABB`

const DESCRIPTOR = `
.descriptor
  .type t0 short
  .constantTypes none none none t0
  .package
  .class first 0 public
    .field 0 public+static static@0 short
    .field 255 private first.0 short
    .method 0 public+static first_make t0
  .package
  .class second 0 public
    .method 1 public second_get t0
    .method 0 public+static second_make t0
  .package
  .class hidden 255 none
.end`

const cap = assemble(TEXT)
const code = (expected: string) => (error: unknown) => expect(error).toMatchObject({ code: expected })
const refuses = (act: () => unknown, expected: string) => {
  try {
    act()
  } catch (error) {
    return code(expected)(error)
  }
  expect.fail('was taken')
}
const info = (one: CapFile, tag: number) => toHex(emitComponentInfo(one, tag)!)

describe('an extended CAP file', () => {
  it('has the layout of the vendor', () => {
    expect(info(cap, COMPONENT_TAGS.header)).toBe(
      [
        'DECAFFED 03 02 0A 02 01 09 F04752494445580101 02',
        '03 01 09 F04752494445580102',
        '00 02 09 F04752494445580103 00 00',
      ]
        .join('')
        .replaceAll(' ', ''),
    )
    const method = emitComponentInfo(cap, COMPONENT_TAGS.method)!
    const view = new DataView(method.buffer, method.byteOffset)
    expect([method[0], view.getUint32(1), method[9]], 'blocks, first offset, handlers of the first').toEqual([2, 9, 1])
    expect(method[view.getUint32(5)], 'handlers of the second').toBe(1)
    // Two packages of one class: offset, counts, static fields, static methods with their blocks.
    expect(info(cap, COMPONENT_TAGS.export)).toBe(
      '02 01 0002 01 01 0000 000009 01 000E 00 01 010012'.replaceAll(' ', ''),
    )
    // Sizes of Method, ReferenceLocation and Descriptor take four bytes, then Debug and the resources.
    expect(info(cap, COMPONENT_TAGS.directory)).toHaveLength(2 * 47 - 2)
  })

  it('comes through file, load form and text', () => {
    const loaded = parseComponents(emitComponents(cap))
    expect(loaded.methods).toEqual(cap.methods)
    expect(toHex(emitComponents(loaded))).toBe(toHex(emitComponents(cap)))
    expect(toHex(emitComponents(assemble(disassemble(cap))))).toBe(toHex(emitComponents(cap)))
    const withDescriptor = assemble(`${TEXT}${DESCRIPTOR}`)
    const file = emitCapFile(withDescriptor)
    expect(parseCapFile(file)).toMatchObject({ header: cap.header, descriptor: { packageClassCounts: [1, 1, 1] } })
    expect(verifyCapFile(withDescriptor).filter((one) => one.severity === 'violation')).toEqual([])
    expect(withDescriptor.descriptor!.classes[1]!.methods[0]).toMatchObject({ exceptionHandlerIndex: 1 })
    expect(toHex(emitCapFile(parseCapFile(file)))).toBe(toHex(file))
    expect(new TextDecoder('latin1').decode(file)).toContain('Method.capx')
  })

  it('has methods, handlers and references at their places', () => {
    expect(cap.methods.handlers.map((one) => one.startOffset >>> 16)).toEqual([0, 1])
    expect(cap.referenceLocation.byte2IndexOffsets.some((at) => at >= 0x10000)).toBe(true)
    const methods = decodeMethods(cap)
    expect(methods.map((one) => [one.header.offset >>> 16, one.handlers.length])).toEqual([
      [0, 1],
      [1, 1],
      [1, 0],
    ])
    expect(verifyCapFile(cap).filter((one) => one.severity === 'violation')).toEqual([])
  })

  it('marks inherited methods in a table with FF FFFF, as the vendor does', () => {
    const holes = assemble(`${TEXT}
.class app extends javacard/framework/Applet
  .public 4 first_make - - first_make
  .tokens 8 0001020304050607
.end`)
    expect(info(holes, COMPONENT_TAGS.class)).toContain('04040000000009FFFFFFFFFFFF000009')
    const again = parseComponents(emitComponents(holes))
    expect(again.classes.classes.at(-1)!.publicMethodTable).toEqual([9, 0xffff, 0xffff, 9])
    expect(toHex(emitComponents(again))).toBe(toHex(emitComponents(holes)))
  })

  it('tells its public packages', () => {
    expect(exportedPackages(cap).map((one) => [toHex(one.package.aid).slice(-2), one.classes.length])).toEqual([
      ['02', 1],
      ['03', 1],
    ])
    const compact = assemble('.package F04752494445580101 1.0')
    expect(exportedPackages(compact)).toEqual([{ package: compact.header.package, classes: [] }])
  })

  it.each([
    ['blocks out of order', '02 00000009 00000009 00 00', 'CAP_BAD_METHOD'],
    ['a gap before the first', '01 00000006 00 00', 'CAP_BAD_METHOD'],
    ['a block behind the end', '02 00000009 00000020 00', 'CAP_BAD_METHOD'],
    ['a block without handler count', '01 00000005', 'CAP_BAD_METHOD'],
    ['a cut table', '02 00000009', 'CAP_TRUNCATED'],
    ['handlers that are cut off', '01 00000005 01 0000', 'CAP_TRUNCATED'],
  ])('is refused with %s', (_, hex, expected) => {
    refuses(() => parseMethodComponent(fromHex(hex), 0x10203), expected)
  })

  it('is refused with blocks that are too many or too large', () => {
    refuses(() => joinBlocks(Array.from({ length: 128 }, () => Uint8Array.of(0))), 'CAP_BAD_METHOD')
    refuses(() => joinBlocks([new Uint8Array(0x10000)]), 'CAP_BAD_METHOD')
  })

  it('is refused with code that leaves its block', () => {
    const into = assemble(
      TEXT.replace('second_make stack 1\n  invokestatic first_make sreturn', 'second_make stack 1\n  nop nop nop nop'),
    )
    refuses(() => decodeMethods(into), 'CAP_BAD_INSTRUCTION')
    const back = assemble(
      TEXT.replace('second_make stack 1\n  invokestatic first_make sreturn', 'second_make stack 1\n  goto_w -200 nop'),
    )
    refuses(() => decodeMethods(back), 'CAP_BAD_INSTRUCTION')
  })

  it('is refused when Header and Export count differently, and with one name twice', () => {
    refuses(() => assemble(TEXT.replace('.exports\n.export second methods second_make\n', '')), 'CAP_BAD_EXPORT')
    refuses(() => assemble(TEXT.replace('F04752494445580103', 'F04752494445580102')), 'CAP_BAD_AID')
  })

  it('gives its own error or a value for any bytes', () => {
    const load = emitComponents(cap)
    for (let at = 0; at < load.length; at++) {
      for (const broken of [
        load.subarray(0, at),
        Uint8Array.from(load, (byte, i) => (i === at ? byte ^ 0x11 : byte)),
      ]) {
        try {
          decodeMethods(parseComponents(broken))
        } catch (error) {
          if (!(error instanceof CapFormatError)) throw error
        }
      }
    }
  })
})
