import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeCrypto } from '@gridcard/crypto/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findProcessUsing } from './image-in-use.ts'
import { CardDrawer } from './start/card-drawer.ts'

let directory: string
let holder: ChildProcess | undefined
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-in-use-'))
  writeFileSync(join(directory, 'card.img'), 'image')
})
afterEach(() => {
  holder?.kill('SIGKILL')
  holder = undefined
  rmSync(directory, { recursive: true, force: true })
})

async function hold(file: string): Promise<number> {
  const script = `require('fs').openSync(${JSON.stringify(file)}, 'r+'); console.log('open'); setInterval(() => {}, 1000)`
  holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(holder.stdout!, 'data')
  return holder.pid!
}

describe.runIf(process.platform === 'linux')('a card image', () => {
  test('that another process has open keeps the street from starting', async () => {
    const pid = await hold(join(directory, 'card.img'))
    const options = { directory, crypto: nodeCrypto, cap: new Uint8Array() }
    expect(() => new CardDrawer(options)).toThrow(
      expect.objectContaining({ code: 'GRIDCARD_CARD_IN_USE', place: { pid } }),
    )
  })

  test('is found by its own name and by its folder, and nobody once it is free', async () => {
    expect(findProcessUsing(join(directory, 'card.img'))).toBeUndefined()
    const pid = await hold(join(directory, 'card.img'))
    expect(findProcessUsing(join(directory, 'card.img'))).toBe(pid)
    expect(findProcessUsing(directory)).toBe(pid)
  })
})
