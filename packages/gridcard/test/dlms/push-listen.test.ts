import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  cosem,
  type DataNotification,
  memoryCounterStore,
  notificationApdu,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import { sendPush } from '@gridcard/dlms/node'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pushListen, type RawPushListenOptions } from '../../src/dlms/push-listen.ts'
import { Bench, TestIo } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.close())

const notification: DataNotification = {
  kind: 'data-notification',
  longInvokeIdAndPriority: 1,
  body: cosem.structure(cosem.doubleLongUnsigned(4711), cosem.unsigned(3)),
}

/** What the meter of the bench's keys pushes; counters begin again with each module. */
function protectedBy(keys = bench.keys): Promise<Uint8Array> {
  const peerSystemTitle = fromHex(keys.clientSystemTitle)
  const security = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: fromHex(keys.serverSystemTitle),
    slots: () => ({
      blockCipherKey: fromHex(keys.blockCipherKey),
      authenticationKey: fromHex(keys.authenticationKey),
      peerSystemTitle,
    }),
    counters: memoryCounterStore(),
  })
  return notificationApdu({ notification, security })
}

async function listening(raw: RawPushListenOptions) {
  const io = new TestIo()
  const stopping = new AbortController()
  const isUp = new Promise<void>((resolve) => {
    io.onOut = resolve
  })
  const ended = pushListen({ port: '0', json: true, ...raw }, io, { signal: stopping.signal, nowMs: () => 0 })
  await Promise.race([isUp, ended])
  const { port } = JSON.parse(io.lines[0]!).listening as { port: number }
  const push = async (apdu: Uint8Array, protocol: 'tcp' | 'udp' = 'tcp') => {
    const before = io.stdout.length + io.stderr.length
    await sendPush({ protocol, host: '127.0.0.1', port, apdu })
    while (io.stdout.length + io.stderr.length === before) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return { io, push, ended, stop: () => stopping.abort() }
}

describe('dlms push-listen', () => {
  test('needs keys, or the word that it is to show what anybody sends', async () => {
    const run = pushListen({ port: '0' }, new TestIo(), { signal: new AbortController().signal })
    await expect(run).rejects.toMatchObject({ code: 'GRIDCARD_BAD_OPTION' })
  })

  test('refuses what is in clear, under other keys or old, and shows what is genuine once, also after a restart', async () => {
    const { keyFile } = bench
    const one = await listening({ keyFile, count: '1' })
    await one.push(await notificationApdu({ notification }))
    await one.push(await protectedBy({ ...bench.keys, blockCipherKey: '00112233445566778899AABBCCDDEEFF' }))
    await one.push(await protectedBy({ ...bench.keys, serverSystemTitle: '4752430000000099' }))
    expect(
      one.io.stderr
        .trim()
        .split('\n')
        .map((line) => line.split(': ')[1]),
    ).toEqual(['plain', 'authentication-failed', 'unknown-peer'])
    await one.push(await protectedBy(), 'udp')
    expect(await one.ended).toBe(0)
    expect(JSON.parse(one.io.lines[1]!)).toMatchObject({
      kind: 'data-notification',
      receivedAt: '1970-01-01T00:00:00Z',
      systemTitle: bench.keys.serverSystemTitle,
      value: { structure: [{ 'double-long-unsigned': 4711 }, { unsigned: 3 }] },
    })
    const again = await listening({ keyFile })
    await again.push(await protectedBy())
    expect(again.io.stderr).toContain('counter-replayed')
    again.stop()
    expect(await again.ended).toBe(0)
  })

  test('in words: who, where, and the values below', async () => {
    const io = new TestIo()
    const seen = await listening({ plain: true, count: '2' })
    const event = {
      kind: 'event-notification-request',
      attribute: { classId: 1, logicalName: '0.0.96.11.0.255', attributeIndex: 2 },
      value: cosem.unsigned(9),
    } as const
    await seen.push(await notificationApdu({ notification }))
    await seen.push(await notificationApdu({ notification: event }))
    expect(await seen.ended).toBe(0)
    expect(JSON.parse(seen.io.lines[2]!)).toMatchObject({
      kind: 'event-notification',
      attribute: 'data/0.0.96.11.0.255/value',
    })
    const stopping = new AbortController()
    const ended = pushListen({ port: '0', plain: true, count: '1' }, io, { signal: stopping.signal, nowMs: () => 0 })
    while (!io.stderr.includes('Listening')) await new Promise((resolve) => setTimeout(resolve, 5))
    const port = Number(/port (\d+)/.exec(io.stderr)![1])
    await sendPush({ protocol: 'tcp', host: '127.0.0.1', port, apdu: await notificationApdu({ notification }) })
    expect(await ended).toBe(0)
    expect(io.lines[0]).toMatch(/^1970-01-01T00:00:00Z data-notification in clear 127\.0\.0\.1:\d+$/)
    expect(io.lines.slice(1, 4)).toEqual(['  structure of 2', '    double-long-unsigned 4711', '    unsigned 3'])
  })
})
