import { readFileSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile, parseComponents } from '@gridcard/cap'
import { expect, it } from 'vitest'
import { emitStoredLoadFile } from './stored-load-file.ts'

const prebuilt = new URL('../../../../applets/prebuilt/', import.meta.url)

it.each(['metering.cap', 'crypto-probe.cap', 'bench.cap'])('%s is kept without what linking does not need', (name) => {
  const cap = parseCapFile(new Uint8Array(readFileSync(new URL(name, prebuilt))))
  const stored = emitStoredLoadFile(cap)
  const kept = parseComponents(stored)
  expect(kept.referenceLocation).toEqual({ byteIndexOffsets: [], byte2IndexOffsets: [] })
  expect(kept.staticFields.arrayInits).toEqual([])
  expect(kept.staticFields.imageSizeBytes).toBe(cap.staticFields.imageSizeBytes)
  expect(toHex(kept.methods.info)).toBe(toHex(cap.methods.info))
  expect(kept.constantPool).toEqual(cap.constantPool)
  expect(kept.classes).toEqual(cap.classes)
  expect(stored.length).toBeLessThan(emitComponents(cap).length)
  expect(toHex(emitStoredLoadFile(kept))).toBe(toHex(stored))
})
