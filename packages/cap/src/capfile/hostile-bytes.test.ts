import { toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadForm } from '../../test/hand-written-package.ts'
import { assemble } from '../assembler/assemble.ts'
import { disassemble } from '../assembler/disassemble.ts'
import { CapFormatError } from '../errors.ts'
import type { CapFile } from './cap-file.ts'
import { withDirectory } from './component-info.ts'
import { emitCapFile, emitComponents } from './emit-cap-file.ts'
import { parseCapFile, parseComponents } from './parse-cap-file.ts'

/** A package or a CapFormatError, never anything else; a package can be written and read again. */
function survives(parse: () => CapFile): void {
  let cap: CapFile
  try {
    cap = parse()
  } catch (error) {
    if (!(error instanceof CapFormatError)) throw error
    return
  }
  const { packagePath: _, ...again } = withDirectory(cap)
  expect(parseComponents(emitComponents(again, { descriptor: 'included' }))).toEqual(again)
}

describe('bytes from a stranger', () => {
  const bytes = loadForm()
  const archive = emitCapFile(parseComponents(bytes))

  it('cut at any length', () => {
    for (let length = 0; length < bytes.length; length++) survives(() => parseComponents(bytes.subarray(0, length)))
    for (let length = 0; length < archive.length; length++) survives(() => parseCapFile(archive.subarray(0, length)))
  })

  it('with any one bit turned over', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) survives(() => parseComponents(turned(bytes, bit)))
    for (let bit = 0; bit < archive.length * 8; bit++) survives(() => parseCapFile(turned(archive, bit)))
  }, 240_000)

  it('with any few bytes replaced', () => {
    const place = fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(place, { minLength: 1, maxLength: 4 }), (places) => {
        const copy = bytes.slice()
        for (const [offset, value] of places) copy[offset] = value
        survives(() => parseComponents(copy))
      }),
      { numRuns: 2000 },
    )
  })

  it('of any kind at all', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => survives(() => parseCapFile(any))))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => survives(() => parseComponents(any))))
  })

  it.each([
    ['with', bytes],
    ['without', loadForm({ Descriptor: undefined })],
  ])('that are a package can be written as text and read again, %s Descriptor', (_, source) => {
    for (let bit = 0; bit < source.length * 8; bit++) {
      const cap = packageOf(turned(source, bit))
      if (cap) expect(toHex(loadFormOf(assemble(disassemble(cap))))).toBe(toHex(loadFormOf(cap)))
    }
  })
})

const loadFormOf = (cap: CapFile) => emitComponents(cap, { descriptor: 'included' })

function turned(source: Uint8Array, bit: number): Uint8Array {
  const copy = source.slice()
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

function packageOf(bytes: Uint8Array): CapFile | undefined {
  try {
    return withDirectory(parseComponents(bytes))
  } catch {
    return undefined
  }
}
