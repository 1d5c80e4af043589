import { fromHex, toHex } from '@gridcard/bytes'
import { MemoryCard } from '@gridcard/card'
import { beforeEach, describe, expect, test } from 'vitest'
import { inProcessLink } from '../src/in-process-link.ts'
import { PcscEndpoint, type PcscReader } from '../src/pcsc/pcsc-endpoint.ts'
import { outcomeOf, TestClient } from './pcsc-client.ts'

// Memory cards as a PC/SC client reaches them: SCardConnect, then pseudo-APDUs of class FF by SCardTransmit.
// Command bytes and answers: ACS, reference manuals of ACR38 (CCID) and ACR39.

const NAME = 'Reader 00 00'
const T0 = 1
const RESET = 1

let endpoint: PcscEndpoint
let reader: PcscReader
beforeEach(() => {
  endpoint = new PcscEndpoint({ after: () => () => {}, onTrouble: () => {} })
  reader = endpoint.addReader(NAME)
})

async function insert(card: MemoryCard) {
  await reader.insert(inProcessLink(card))
  const client = await TestClient.open(endpoint)
  const connected = await client.connect(NAME)
  expect(outcomeOf(connected)).toBe('S_SUCCESS')
  const handle = connected.get('card')
  return {
    client,
    handle,
    protocol: connected.get('activeProtocol'),
    async send(command: string): Promise<string> {
      const response = await client.transmit(handle, fromHex(command), { protocol: T0 })
      return typeof response === 'string' ? response : toHex(response)
    },
  }
}

describe('a PC/SC client reaches', () => {
  test.each<[string, string, readonly (readonly [what: string, command: string, response: string])[]]>([
    [
      'sle4442',
      '123456',
      [
        ['another card type', 'FF A4 00 00 01 05', '6A81'],
        ['select card type', 'FF A4 00 00 01 06', '9000'],
        ['read', 'FF B0 00 00 04', 'A21310919000'],
        ['write without the code', 'FF D0 00 08 02 CA FE', '6982'],
        ['present a wrong code', 'FF 20 00 00 03 00 00 00', '9003'],
        ['read the error counter', 'FF B1 00 00 04', '030000009000'],
        ['present the code', 'FF 20 00 00 03 12 34 56', '9007'],
        ['write', 'FF D0 00 08 02 CA FE', '9000'],
        ['write with protect', 'FF D1 00 08 02 CA FE', '9000'],
        ['read protection bits', 'FF B2 00 00 04', 'F0FC1FF89000'],
        ['write what is protected', 'FF D0 00 08 01 00', '6581'],
        ['change the code', 'FF D2 00 01 03 65 43 21', '9000'],
        ['power down and up', 'FF A4 00 00 01 06', '9000'],
        ['present the old code', 'FF 20 00 00 03 12 34 56', '9003'],
        ['present the new code', 'FF 20 00 00 03 65 43 21', '9007'],
        ['read what was written', 'FF B0 00 08 02', 'CAFE9000'],
      ],
    ],
    [
      'sle4428',
      '1234',
      [
        ['select card type', 'FF A4 00 00 01 05', '9000'],
        ['write without the code', 'FF D0 02 00 02 CA FE', '6982'],
        ['present a wrong code', 'FF 20 00 00 02 00 00', '907F'],
        ['read the error counter', 'FF B1 00 00 03', '7F00009000'],
        ['present the code', 'FF 20 00 00 02 12 34', '90FF'],
        ['write', 'FF D0 02 00 02 CA FE', '9000'],
        ['write with protect', 'FF D1 02 00 02 CA FE', '9000'],
        ['read protection bits', 'FF B2 02 00 01', 'FC9000'],
        ['write what is protected', 'FF D0 02 01 01 00', '6581'],
        ['change the code', 'FF D0 03 FE 02 65 43', '9000'],
        ['power down and up', 'FF A4 00 00 01 05', '9000'],
        ['present the old code', 'FF 20 00 00 02 12 34', '907F'],
        ['present the new code', 'FF 20 00 00 02 65 43', '90FF'],
        ['read what was written', 'FF B0 02 00 02', 'CAFE9000'],
      ],
    ],
    [
      'at24c32',
      '',
      [
        ['the type of smaller ones', 'FF A4 00 00 01 01', '6A81'],
        ['select card type', 'FF A4 00 00 01 02', '9000'],
        ['select page size', 'FF 01 00 00 01 05', '9000'],
        ['present a code', 'FF 20 00 00 02 FF FF', '6D00'],
        ['write', 'FF D0 0F FE 02 CA FE', '9000'],
        ['read', 'FF B0 0F FE 02', 'CAFE9000'],
        ['read the error counter', 'FF B1 00 00 03', '6D00'],
      ],
    ],
  ])('%s by its pseudo-APDUs', async (chip, code, script) => {
    const { protocol, send } = await insert(MemoryCard.create({ chip, ...(code !== '' && { code: fromHex(code) }) }))
    expect(protocol).toBe(T0)
    for (const [what, command, response] of script) expect(await send(command), what).toBe(response)
  })
})

test('a reset by a client forgets the code, and keeps the tries spent', async () => {
  const { client, handle, send } = await insert(MemoryCard.create({ chip: 'sle4442' }))
  expect(await send('FF 20 00 00 03 FF FF FF')).toBe('9000')
  const fields = { card: handle, shareMode: 2, preferredProtocols: T0, initialization: RESET }
  expect(await client.outcome('reconnect', fields)).toBe('S_SUCCESS')
  expect(await send('FF D0 00 40 01 55')).toBe('6982')
  expect(await send('FF 20 00 00 03 00 00 00')).toBe('63C2')
  expect(await client.outcome('reconnect', fields)).toBe('S_SUCCESS')
  expect(await send('FF 20 00 00 03 00 00 00')).toBe('63C1')
})

test('power lost while a code is presented gives the client no answer, and no try back', async () => {
  let image = MemoryCard.create({ chip: 'sle4442', code: fromHex('123456') }).image()
  for (const left of [2, 1, 0]) {
    let writes = 0
    const store = {
      read: () => image,
      write(offset: number, bytes: Uint8Array) {
        if (writes++ > 0) throw new Error('no power')
        image = image.slice()
        image.set(bytes, offset)
      },
    }
    const { send } = await insert(MemoryCard.open({ store }))
    // The right code: the try is spent, then the power goes before the counter is erased.
    expect(await send('FF 20 00 00 03 12 34 56')).toBe('E_NOT_TRANSACTED')
    expect(MemoryCard.open({ image }).report().triesLeft).toBe(left)
    await reader.remove()
  }
  const { send } = await insert(MemoryCard.open({ image }))
  expect(await send('FF 20 00 00 03 12 34 56')).toBe('6983')
})
