import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { equalBytes } from '@gridcard/bytes'
import { unzipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { assemble } from '../assembler/assemble.ts'
import { disassemble } from '../assembler/disassemble.ts'
import { decodeMethods, traceMethod } from '../instructions/method-code.ts'
import { createReferenceLocation } from '../instructions/reference-locations.ts'
import { emitComponentInfo } from './component-info.ts'
import { emitComponents } from './emit-cap-file.ts'
import { parseCapFile, parseComponents } from './parse-cap-file.ts'

// CAP files made by other tools are the truth here, but they are not ours to pass on: bring a folder of your own.
const folder = process.env['GRIDCARD_CORPUS']
const names = folder === undefined ? [] : readdirSync(folder).filter((name) => /\.cap$/i.test(name))
const quirks = { appletRidMayDiffer: true }

describe.skipIf(folder === undefined)('CAP files of the folder GRIDCARD_CORPUS', () => {
  it('are there', () => {
    expect(names.length).toBeGreaterThan(0)
  })

  it.each(names)('%s', (name) => {
    const archive = new Uint8Array(readFileSync(join(folder!, name)))
    const cap = parseCapFile(archive, quirks)

    // every component comes out as it went in
    for (const [path, bytes] of Object.entries(unzipSync(archive))) {
      if (!/\.cap$/i.test(path)) continue
      expect(equalBytes(emitComponentInfo(cap, bytes[0]!)!, bytes.subarray(3)), path).toBe(true)
    }

    // the byte code holds constant pool indices exactly where ReferenceLocation says, and needs no Descriptor
    const methods = decodeMethods(cap)
    const instructions = methods.flatMap((one) => one.instructions)
    expect(createReferenceLocation(cap.methods.handlers, instructions)).toEqual(cap.referenceLocation)
    for (const one of methods) {
      expect(traceMethod(cap.methods, one.header.offset).endOffset).toBeLessThanOrEqual(one.endOffset)
    }

    // text and load form lose nothing
    expect(assemble(disassemble(cap), { quirks })).toEqual(cap)
    const loaded = parseComponents(emitComponents(cap), quirks)
    expect(assemble(disassemble(loaded), { quirks })).toEqual(loaded)
  })
})
