import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileNvStore } from './file-nv-store.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-nv-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('non-volatile memory in a file', () => {
  test('that was never written reads as nothing', () => {
    expect(new FileNvStore(join(directory, 'card.img')).read()).toBeUndefined()
  })

  test('keeps each write, also without a clean close', () => {
    const path = join(directory, 'card.img')
    const store = new FileNvStore(path)
    store.write(0, Uint8Array.of(1, 2, 3, 4))
    store.write(2, Uint8Array.of(9))
    expect(new FileNvStore(path).read()).toEqual(Uint8Array.of(1, 2, 9, 4))
    store.close()
    const again = new FileNvStore(path)
    again.write(0, Uint8Array.of(7))
    again.close()
    expect(new FileNvStore(path).read()).toEqual(Uint8Array.of(7, 2, 9, 4))
  })
})
