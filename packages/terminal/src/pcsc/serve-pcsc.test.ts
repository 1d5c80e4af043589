import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { EchoCard } from '../../test/echo-card.ts'
import { emitRequest } from './message.ts'
import { PcscEndpoint } from './pcsc-endpoint.ts'
import { type PcscService, servePcsc } from './serve-pcsc.ts'

let parent: string
beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'gridcard-test-'))
})
afterAll(() => rmSync(parent, { recursive: true }))

let service: PcscService
let endpoint: PcscEndpoint
beforeEach(async () => {
  endpoint = new PcscEndpoint()
  await endpoint.addReader('Reader 00 00').insert(new EchoCard())
  service = await servePcsc({ endpoint, directory: parent, maxConnections: 2 })
})
afterEach(() => service.close())

const open = () =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect(service.socketPath)
    socket.once('error', reject)
    socket.once('connect', () => resolve(socket))
  })

async function read(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(count) as Buffer | null
    if (bytes !== null) return bytes
    await new Promise((resolve, reject) => {
      socket.once('readable', resolve)
      socket.once('close', () => reject(new Error('closed')))
    })
  }
}

test('a folder that is not there, or has too long a path, is refused', async () => {
  for (const directory of [join(parent, 'nowhere'), join(parent, 'x'.repeat(100))]) {
    await expect(servePcsc({ endpoint, directory })).rejects.toMatchObject({ code: 'TERMINAL_PCSC_SOCKET' })
  }
})

test('only this user can come in, and nothing is left afterwards', async () => {
  expect(statSync(dirname(service.socketPath)).mode & 0o777).toBe(0o700)
  expect(statSync(service.socketPath).mode & 0o777).toBe(0o600)
  expect(Buffer.byteLength(service.socketPath)).toBeLessThan(108)
  const socket = await open()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await service.close()
  await closed
  expect(existsSync(service.socketPath)).toBe(false)
  expect(readdirSync(parent)).toEqual([])
})

test('a client talks, one that talks nonsense is cut off, and one too many is not let in', async () => {
  const good = await open()
  const bad = await open()
  const closedOf = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const third = await open()
  third.on('error', () => {})
  await closedOf(third)
  bad.on('error', () => {})
  bad.resume()
  const cutOff = closedOf(bad)
  bad.write(Buffer.alloc(100_000, 0xff))
  await cutOff
  good.write(emitRequest('version', { major: 4, minor: 4 }))
  expect((await read(good, 12)).toString('hex')).toBe('040000000400000000000000')
  good.write(emitRequest('getReadersState'))
  expect((await read(good, 2944)).subarray(0, 12).toString()).toBe('Reader 00 00')
  good.destroy()
})

test('a client that asks on and on without reading is slowed down, not stored', async () => {
  const greedy = await open()
  greedy.write(emitRequest('version', { major: 4, minor: 4 }))
  const flood = Buffer.concat(Array.from({ length: 20_000 }, () => emitRequest('getReadersState')))
  greedy.write(flood) // 58 MB of replies
  const other = await open()
  other.write(emitRequest('version', { major: 4, minor: 4 }))
  await read(other, 12)
  let received = 0
  greedy.on('data', (chunk) => {
    received += chunk.length
  })
  while (received < 12 + 20_000 * 2944) await new Promise((resolve) => setTimeout(resolve, 5))
  expect(received).toBe(12 + 20_000 * 2944)
  greedy.destroy()
  other.destroy()
})
