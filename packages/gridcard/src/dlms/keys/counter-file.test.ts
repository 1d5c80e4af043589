import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '@gridcard/bytes'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CounterFile, type CounterFileOptions } from './counter-file.ts'

let directory: string
let options: CounterFileOptions
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-counters-'))
  options = {
    path: join(directory, 'meter.keys.counters'),
    ownSystemTitle: fromHex('4752434845414431'),
    peerSystemTitle: fromHex('4752430000000001'),
    blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C4'),
    floors: 'session',
  }
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

async function codeOf(opening: Promise<CounterFile>): Promise<string | undefined> {
  return opening.then(
    () => undefined,
    (error: { code: string }) => error.code,
  )
}

describe('counters do not open', () => {
  test('while another holds them, in this process or another', async () => {
    const held = await CounterFile.open(options)
    expect(await codeOf(CounterFile.open(options))).toBe('GRIDCARD_COUNTERS_LOCKED')
    held.close()
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
    writeFileSync(`${options.path}.lock`, `${child.pid} elsewhere`)
    expect(await codeOf(CounterFile.open(options))).toBe('GRIDCARD_COUNTERS_LOCKED')
    child.kill()
    await once(child, 'exit')
    // The lock of a process that is gone is taken over.
    const taken = await CounterFile.open(options)
    taken.close()
    expect(existsSync(`${options.path}.lock`)).toBe(false)
  })
  test('when damaged at any length, or of another make', async () => {
    const counters = await CounterFile.open(options)
    counters.raiseTo(10)
    counters.takeSend()
    counters.close()
    const whole = readFileSync(options.path, 'utf8').trimEnd()
    const others = ['[]', 'null', whole.replace('"version": 1', '"version": 2'), whole.replace(/: \d+\n/, ': -1\n')]
    for (const text of [...Array.from(whole, (_character, length) => whole.slice(0, length)), ...others]) {
      writeFileSync(options.path, text)
      expect(await codeOf(CounterFile.open(options)), text).toBe('GRIDCARD_COUNTERS_UNUSABLE')
    }
    expect(existsSync(`${options.path}.lock`)).toBe(false)
  })
  test('in a folder that is not there', async () => {
    const path = join(directory, 'none', 'counters')
    expect(await codeOf(CounterFile.open({ ...options, path }))).toBe('GRIDCARD_COUNTERS_UNUSABLE')
  })
})

describe('send counters', () => {
  test('are not given before it is known where they begin', async () => {
    const counters = await CounterFile.open(options)
    expect(counters.takeSend()).toBeUndefined()
    counters.close()
  })
  test('are in the file before one of them is given, so a crash after any of them repeats none', async () => {
    const given: number[] = []
    for (let crash = 0; crash < 5; crash++) {
      const counters = await CounterFile.open(options)
      if (crash === 0) counters.raiseTo(100)
      for (let i = 0; i < 70; i++) {
        const counter = counters.takeSend()!
        const [limit] = Object.values(JSON.parse(readFileSync(options.path, 'utf8')).send as Record<string, number>)
        expect(limit).toBeGreaterThan(counter)
        given.push(counter)
      }
      // The process dies: nothing is closed, the lock stays behind.
      writeFileSync(`${options.path}.lock`, '999999999 gone')
    }
    expect(new Set(given).size).toBe(given.length)
    expect(given[0]).toBe(100)
  })
  test('never go down, and end before the last', async () => {
    const counters = await CounterFile.open(options)
    counters.raiseTo(0xffff_fffd)
    counters.raiseTo(5)
    expect([counters.takeSend(), counters.takeSend(), counters.takeSend()]).toEqual([
      0xffff_fffd,
      0xffff_fffe,
      undefined,
    ])
    counters.close()
  })
  test('belong to key and sender: others begin anew, and an old key goes on where it was', async () => {
    const first = await CounterFile.open(options)
    first.raiseTo(1000)
    first.takeSend()
    first.close()
    const other = await CounterFile.open({ ...options, blockCipherKey: fromHex('00112233445566778899AABBCCDDEEFF') })
    expect(other.next).toBeUndefined()
    other.raiseTo(0)
    other.close()
    // Another meter under the same key and title shares the counter: it would share the IVs.
    const shared = await CounterFile.open({ ...options, peerSystemTitle: fromHex('4752430000000002') })
    expect(shared.next).toBe(1064)
    expect(shared.read().messageFloor).toBe(0)
    shared.close()
  })
  test('are not given when they cannot be written', async () => {
    const counters = await CounterFile.open(options)
    counters.raiseTo(1)
    rmSync(directory, { recursive: true })
    expect(() => counters.takeSend()).toThrow(expect.objectContaining({ code: 'GRIDCARD_COUNTERS_UNUSABLE' }))
    expect(() => counters.takeSend()).toThrow(expect.objectContaining({ code: 'GRIDCARD_COUNTERS_UNUSABLE' }))
    counters.close()
    directory = mkdtempSync(join(tmpdir(), 'gridcard-counters-'))
  })
})

describe('floors', () => {
  test('refuse what was accepted before, also after closing', async () => {
    const counters = await CounterFile.open(options)
    expect([counters.accept(0, 'message', 7), counters.accept(0, 'message', 7)]).toEqual([true, false])
    expect([counters.accept(0, 'token', 3), counters.accept(0, 'token', 2)]).toEqual([true, false])
    counters.close()
    const again = await CounterFile.open(options)
    expect(again.read()).toEqual({ send: 0, messageFloor: 8, tokenFloor: 4 })
    expect(again.next).toBeUndefined()
    again.close()
  })
  test('of a server are in the file with each message', async () => {
    const counters = await CounterFile.open({ ...options, floors: 'each' })
    counters.raiseTo(0)
    counters.accept(0, 'message', 41)
    expect(readFileSync(options.path, 'utf8')).toContain('"message": 42')
    counters.close()
  })
})
