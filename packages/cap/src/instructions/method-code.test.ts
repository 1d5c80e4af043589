import { fromHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handWrittenComponents, loadForm } from '../../test/hand-written-package.ts'
import { parseMethodComponent } from '../capfile/method-component.ts'
import { parseComponents } from '../capfile/parse-cap-file.ts'
import { CapFormatError } from '../errors.ts'
import { decodeMethod, decodeMethods, traceMethod } from './method-code.ts'

/** No handlers; one method at offset 1 with one word of everything. */
const method = (hex: string) => parseMethodComponent(fromHex(`00 01 11 ${hex}`))
const offsetsOf = ({ instructions }: { instructions: readonly { offset: number }[] }) =>
  instructions.map((one) => one.offset)

describe('tracing a method', () => {
  it('refuses a jump into an instruction', () => {
    // sspush 0x0078, goto -2
    expect(() => traceMethod(method('11 0078 70 FE'), 1)).toThrow('no instruction of this method begins at 4')
  })

  it('refuses a jump before the method', () => {
    expect(() => traceMethod(method('70 FE'), 1)).toThrow(CapFormatError)
  })

  it('refuses code that runs off the component', () => {
    expect(() => traceMethod(method('00 00'), 1)).toThrow(CapFormatError)
  })

  it('refuses an offset without a method header', () => {
    for (const offset of [-1, 0, 6, 7, 1.5]) {
      expect(() => traceMethod(method('00 7A'), offset)).toThrow(expect.objectContaining({ code: 'CAP_BAD_METHOD' }))
    }
  })

  it('follows both ways of a branch and sees no dead code', () => {
    // ifeq +3, return, (dead nop), return
    const traced = traceMethod(method('60 04 7A 00 7A'), 1)
    expect(offsetsOf(traced)).toEqual([3, 5, 7])
    expect(traced.endOffset).toBe(8)
  })

  it('follows a subroutine and its return', () => {
    // jsr +4, return, astore_0, ret 0
    expect(offsetsOf(traceMethod(method('71 0004 7A 2B 72 00'), 1))).toEqual([3, 6, 7, 8])
  })

  it('follows the handlers that cover its instructions', () => {
    const { methods } = parseComponents(loadForm())
    const traced = traceMethod(methods, 29)
    expect(traced.handlers).toEqual(methods.handlers)
    expect(offsetsOf(traced)).toEqual([31, 32, 35, 36, 37, 38])
  })

  it('has no code in an abstract method', () => {
    const abstract = parseMethodComponent(fromHex('00 40 20'))
    expect(traceMethod(abstract, 1)).toMatchObject({ instructions: [], endOffset: 3, header: { nargs: 2 } })
  })

  it('takes any bytes for a method or refuses them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 3, maxLength: 80 }), (bytes) => {
        try {
          traceMethod(parseMethodComponent(bytes), 1 + 8 * bytes[0]!)
        } catch (error) {
          expect(error).toBeInstanceOf(CapFormatError)
        }
      }),
    )
  })

  it('refuses 64 KiB of overlapping switches at once', () => {
    // Every byte begins a table that reaches far: without the check on overlaps this takes minutes.
    const info = new Uint8Array(65535).fill(0x73)
    info.set([0, 0x01, 0x11, 0x75, 0x00, 0x05, 0x30, 0x00])
    expect(() => traceMethod(parseMethodComponent(info), 1)).toThrow(CapFormatError)
  })
})

describe('decoding all methods', () => {
  it('refuses methods that overlap', () => {
    // the constant pool names offset 13, inside the method at 9, as a method of its own
    const ConstantPool = handWrittenComponents.ConstantPool.replace('06 00 0009', '06 00 000D')
    const cap = parseComponents(loadForm({ ConstantPool, Descriptor: undefined }))
    expect(() =>
      decodeMethods({ ...cap, applet: { applets: [{ ...cap.applet!.applets[0]!, installMethodOffset: 9 }] } }),
    ).toThrow(CapFormatError)
  })
})

describe('decoding a method of known length', () => {
  it('refuses code that does not end with its last instruction', () => {
    expect(() => decodeMethod(method('11 0001 7A'), 1, 2)).toThrow(CapFormatError)
  })

  it('refuses a jump out of the method', () => {
    expect(() => decodeMethod(method('70 03 7A 7A'), 1, 3)).toThrow('no instruction of this method begins at 6')
  })

  it('refuses code behind an abstract header, and a concrete method without code', () => {
    expect(() => decodeMethod(parseMethodComponent(fromHex('00 40 20 7A')), 1, 1)).toThrow(CapFormatError)
    expect(() => decodeMethod(method('7A'), 1, 0)).toThrow(CapFormatError)
  })

  it('sees dead code too', () => {
    expect(offsetsOf(decodeMethod(method('60 04 7A 00 7A'), 1, 5))).toEqual([3, 5, 6, 7])
  })

  it('finds all methods of a package, with and without its Descriptor', () => {
    const offsets = (cap: Parameters<typeof decodeMethods>[0]) => decodeMethods(cap).map((one) => one.header.offset)
    expect(offsets(parseComponents(loadForm()))).toEqual([9, 16, 29])
    expect(offsets(parseComponents(loadForm({ Descriptor: undefined })))).toEqual([9, 16, 29])
  })
})
