import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { TestClient } from '../../test/pcsc-client.ts'
import type { CardLink } from '../card-link.ts'
import { MessageSplitter } from './message-splitter.ts'
import { PcscEndpoint } from './pcsc-endpoint.ts'

// What real clients sent to this endpoint, and what it answered when they were content. The head of each file tells which.

const folder = new URL('recordings/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

type Step =
  | { readonly kind: 'request'; readonly client: number; readonly bytes: Uint8Array }
  | { readonly kind: 'reply'; readonly client: number; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly client: number }
  | { readonly kind: 'insert' }
  | { readonly kind: 'remove' }

function parseRecording(text: string): Step[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): Step => {
      if (line.startsWith('*')) return { kind: line === '* insert' ? 'insert' : 'remove' }
      const [client, mark, ...parts] = line.split(' ')
      if (mark === 'x') return { kind: 'closed', client: Number(client) }
      const hex = parts.map((part) => (part.startsWith('00x') ? '00'.repeat(Number(part.slice(3))) : part)).join('')
      return { kind: mark === '>' ? 'request' : 'reply', client: Number(client), bytes: fromHex(hex) }
    })
}

/** The card that answers as in the recording. */
function recordedCard(steps: readonly Step[]): CardLink {
  const splitters = new Map<number, MessageSplitter>()
  const responses: Uint8Array[] = []
  for (const [i, step] of steps.entries()) {
    if (step.kind !== 'request') continue
    const splitter = splitters.get(step.client) ?? new MessageSplitter()
    splitters.set(step.client, splitter)
    splitter.push(step.bytes)
    let message = splitter.next()
    for (let next = splitter.next(); next !== undefined; next = splitter.next()) message = next
    if (message?.name !== 'transmit') continue
    const reply = steps.slice(i).find((later) => later.kind === 'reply' && later.client === step.client)
    if (reply?.kind !== 'reply') throw new Error('a request without a reply')
    const view = new DataView(reply.bytes.buffer)
    const isTooLong = view.getUint32(28, true) === 0x80100008
    if (isTooLong) responses.push(new Uint8Array(view.getUint32(24, true)))
    else if (reply.bytes.length > 32) responses.push(reply.bytes.slice(32))
  }
  return {
    powerOn: async () => fromHex('3B8A01806847524944434152446F'),
    powerOff: async () => {},
    transmit: async () => responses.shift() ?? fromHex('6F00'),
  }
}

/** @param cut how a request reaches the endpoint */
async function replay(steps: readonly Step[], cut: (bytes: Uint8Array) => readonly Uint8Array[]): Promise<void> {
  let number = 0x1000
  const endpoint = new PcscEndpoint({ newHandle: () => ++number })
  const reader = endpoint.addReader('Gridcard 00 00')
  endpoint.addReader('Gridcard 01 00')
  const link = recordedCard(steps)
  await reader.insert(link)
  const clients = new Map<number, TestClient>()
  for (const step of steps) {
    if (step.kind === 'insert') await reader.insert(link)
    else if (step.kind === 'remove') await reader.remove()
    else {
      const client = clients.get(step.client) ?? new TestClient(endpoint)
      clients.set(step.client, client)
      if (step.kind === 'request') for (const part of cut(step.bytes)) client.send(part)
      else if (step.kind === 'closed') client.connection.closed()
      else expect(toHex(await client.take(step.bytes.length))).toBe(toHex(step.bytes))
    }
  }
  for (const client of clients.values()) {
    expect(client.receivedBytes).toBe(0)
    expect(client.isClosed).toBe(false)
  }
}

describe.each(files)('%s', (file) => {
  const steps = parseRecording(readFileSync(new URL(file, folder), 'utf8'))

  test('gets the recorded replies, byte for byte', () => replay(steps, (bytes) => [bytes]))

  test('gets them also when each byte comes alone', () =>
    replay(steps, (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))))
})
