import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EchoCard, echoAtr } from '../../test/echo-card.ts'
import { connectVpcd } from './connect-vpcd.ts'
import { VpcdCard } from './vpcd-card.ts'
import { emitVpcdMessage, VpcdSplitter } from './vpcd-message.ts'

const on = fromHex('0001 01')
const off = fromHex('0001 00')
const reset = fromHex('0001 02')
const askAtr = fromHex('0001 04')

describe('messages', () => {
  test('more than 65535 bytes do not fit', () => {
    expect(() => emitVpcdMessage(new Uint8Array(65536))).toThrow(
      expect.objectContaining({ code: 'TERMINAL_VPCD_BAD_MESSAGE' }),
    )
  })

  test('any messages come out of any cuts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.integer({ min: 1, max: 50 }), (messages, cut) => {
        const stream = concatBytes(...messages.map(emitVpcdMessage))
        const splitter = new VpcdSplitter()
        const out: Uint8Array[] = []
        for (let at = 0; at < stream.length; at += cut) out.push(...splitter.push(stream.subarray(at, at + cut)))
        expect(out.map(toHex)).toEqual(messages.map(toHex))
      }),
    )
  })
})

describe('the card side', () => {
  const answers = async (card: VpcdCard, ...chunks: Uint8Array[]) => {
    const out: string[] = []
    for (const chunk of chunks) out.push(...(await card.receive(chunk)).map(toHex))
    return out
  }

  test('an order that there is not', async () => {
    await expect(new VpcdCard(new EchoCard()).receive(fromHex('0001 09'))).rejects.toMatchObject({
      code: 'TERMINAL_VPCD_BAD_MESSAGE',
    })
  })

  test('asking for the ATR again and again resets nothing; on and reset do', async () => {
    const link = new EchoCard()
    const card = new VpcdCard(link)
    const atr = toHex(emitVpcdMessage(echoAtr))
    expect(await answers(card, askAtr, askAtr, askAtr)).toEqual([atr, atr, atr])
    expect(link.resets).toBe(1)
    expect(await answers(card, on, reset, off, askAtr)).toEqual([atr])
    expect([link.resets, link.isPowered]).toEqual([3, false])
  })

  test('commands are answered in order, also several in one chunk, and one without power gets it', async () => {
    const chunk = concatBytes(fromHex('0004 80010203'), fromHex('0000'), fromHex('0005 8001020304'))
    expect(await answers(new VpcdCard(new EchoCard()), chunk)).toEqual([
      '0006800102039000',
      '00029000',
      '000780010203049000',
    ])
  })
})

describe('over TCP', () => {
  let vpcd: Server
  let port: number
  beforeEach(async () => {
    vpcd = createServer().listen(0, '127.0.0.1')
    await once(vpcd, 'listening')
    port = (vpcd.address() as AddressInfo).port
  })
  afterEach(() => void vpcd.close())

  const accepted = async () => (await once(vpcd, 'connection'))[0] as Socket

  test('nobody there', async () => {
    vpcd.close()
    await once(vpcd, 'close')
    await expect(connectVpcd({ link: new EchoCard(), port })).rejects.toMatchObject({
      code: 'TERMINAL_VPCD_UNREACHABLE',
    })
  })

  test('a session as vpcd leads it, and its end', async () => {
    const socketOf = accepted()
    const link = new EchoCard()
    const connection = await connectVpcd({ link, port })
    const socket = await socketOf
    socket.write(concatBytes(askAtr, off, on, askAtr, fromHex('0004 80010203')))
    let received = ''
    while (received.length < 2 * (16 + 16 + 8))
      received += ((await once(socket, 'data')) as [Buffer])[0].toString('hex')
    const atr = toHex(emitVpcdMessage(echoAtr)).toLowerCase()
    expect(received).toBe(`${atr}${atr}0006800102039000`)
    socket.end()
    await expect(connection.ended).rejects.toMatchObject({ code: 'TERMINAL_VPCD_UNREACHABLE' })
    expect(link.isPowered).toBe(false)
  })

  test('nonsense ends it, with the reason', async () => {
    const socketOf = accepted()
    const connection = await connectVpcd({ link: new EchoCard(), port })
    ;(await socketOf).write(fromHex('0001 77'))
    await expect(connection.ended).rejects.toMatchObject({ code: 'TERMINAL_VPCD_BAD_MESSAGE' })
  })

  test('taking the card out is no error', async () => {
    const socketOf = accepted()
    const connection = await connectVpcd({ link: new EchoCard(), port })
    const gone = once(await socketOf, 'close')
    ;(await socketOf).resume()
    await connection.close()
    await expect(connection.ended).resolves.toBeUndefined()
    await gone
  })
})
