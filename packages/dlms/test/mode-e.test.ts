import { describe, expect, it } from 'vitest'
import { type ByteStream, DlmsError, type LineSettings, signOnModeE, type Timer } from '../src/index.ts'

/** A line whose other end is a function from what was written to what comes back. */
function line(answer: (text: string) => string | Uint8Array | undefined) {
  const written: string[] = []
  let bytes: (chunk: Uint8Array) => void = () => {}
  let closed: (cause?: unknown) => void = () => {}
  const stream: ByteStream = {
    write: (chunk) => {
      const text = String.fromCharCode(...chunk)
      written.push(text)
      const back = answer(text)
      if (back !== undefined)
        queueMicrotask(() => bytes(typeof back === 'string' ? Uint8Array.from(back, (c) => c.charCodeAt(0)) : back))
    },
    close: () => closed(),
    onBytes: (listener) => {
      bytes = listener
    },
    onClose: (listener) => {
      closed = listener
    },
  }
  const settings: LineSettings[] = []
  return {
    stream,
    written,
    settings,
    setLine: async (one: LineSettings) => void settings.push(one),
    receive: (chunk: Uint8Array) => bytes(chunk),
    drop: () => closed(new Error('unplugged')),
  }
}

/** Time that is up at once, after what is already under way. */
const timer: Timer = {
  nowMs: () => 0,
  after: (_delayMs, act) => {
    const handle = setTimeout(act, 5)
    return () => clearTimeout(handle)
  },
}

const isRequest = (text: string) => text.startsWith('/?')

describe('the way from mode E into HDLC', () => {
  it('request, identification, acknowledgement, echo, the new speed', async () => {
    const ends = line((text) => (isRequest(text) ? '/GRX5\\2METER1\r\n' : '\x06252\r\n'))
    const signedOn = await signOnModeE({ ...ends, timer })
    expect(ends.written).toEqual(['/?!\r\n', '\x06252\r\n'])
    expect(ends.settings).toEqual([
      { baud: 300, characters: '7E1' },
      { baud: 9600, characters: '8N1' },
    ])
    expect(signedOn).toMatchObject({ maker: 'GRX', identification: '\\2METER1', baud: 9600 })
    const got: number[] = []
    signedOn.stream.onBytes((chunk) => got.push(...chunk))
    ends.receive(Uint8Array.of(0x7e, 0xa0))
    expect(got).toEqual([0x7e, 0xa0])
  })

  it('a named device, no faster than wished, without an echo, in pieces, with parity bits and our own echo', async () => {
    const parity = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0) | 0x80)
    const ends = line((text) => (isRequest(text) ? parity(`${text}/ABC6xyz`) : undefined))
    setTimeout(() => ends.receive(parity('\r\n')), 1)
    const signedOn = await signOnModeE({ ...ends, timer, deviceAddress: '12345678', mostBaud: 2400 })
    expect(ends.written).toEqual(['/?12345678!\r\n', '\x06232\r\n'])
    expect(signedOn).toMatchObject({ maker: 'ABC', identification: 'xyz', baud: 2400 })
  })

  it('a slower speed in the echo holds', async () => {
    const ends = line((text) => (isRequest(text) ? '/GRX6\r\n' : '\x06242\r\n'))
    expect((await signOnModeE({ ...ends, timer })).baud).toBe(4800)
    expect(ends.settings.at(-1)).toEqual({ baud: 4800, characters: '8N1' })
  })

  it('silence, another mode, a closed line and a bad address are errors', async () => {
    const silent = line(() => undefined)
    await expect(signOnModeE({ ...silent, timer })).rejects.toMatchObject({ code: 'DLMS_TIMEOUT' })
    const modeB = line(() => '/GRXAmodeB\r\n')
    await expect(signOnModeE({ ...modeB, timer })).rejects.toMatchObject({ code: 'DLMS_LINK_REFUSED' })
    const dropped = line(() => undefined)
    const signingOn = signOnModeE({ ...dropped, timer })
    setTimeout(() => dropped.drop(), 1)
    await expect(signingOn).rejects.toMatchObject({ code: 'DLMS_TRANSPORT_CLOSED' })
    await expect(signOnModeE({ ...silent, timer, deviceAddress: 'a/b' })).rejects.toBeInstanceOf(DlmsError)
  })
})
