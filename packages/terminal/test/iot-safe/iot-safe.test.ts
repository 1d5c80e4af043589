import { fromHex, toHex } from '@gridcard/bytes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { IotSafeClient, iotSafeBlocks, iotSafeStatusWords as SW } from '../../src/index.ts'
import { expectCovered } from '../command-table.ts'
import {
  blank,
  byId,
  done,
  expectRefused,
  type IotSafeCard,
  id,
  links,
  profile,
  raw,
  ready,
  t0Profile,
  text,
} from './iot-safe-bench.ts'
import { describeIotSafe, type SuiteCard } from './iot-safe-suite.ts'
import { rfc6979 } from './iot-safe-vectors.ts'

// Other files share these modules.
beforeAll(() => {
  links.splice(0)
})
afterAll(() => {
  links.splice(0)
})

/** One card for a whole suite. */
function shared(make: () => Promise<IotSafeCard>): () => Promise<SuiteCard> {
  let made: Promise<IotSafeCard> | undefined
  return async () => {
    made ??= make()
    const { link, client } = await made
    return {
      link,
      async restart() {
        await link.powerOff()
        await link.powerOn()
        await client.select()
      },
    }
  }
}

describeIotSafe(
  'a card that speaks T=1',
  shared(() => ready({ profile })),
)
describeIotSafe(
  'a card that speaks T=0',
  shared(() => ready({ profile: t0Profile })),
)

describe('IoT SAFE on logical channels', () => {
  it('a session belongs to its channel, under its number there, and ends with it', async () => {
    const { link, client } = await ready()
    expect(await raw(link, '0070000001')).toBe('019000')
    const other = new IotSafeClient(link, { channel: 1 })
    await other.select()
    const init = '2A00000D840101A1010191020001920104'
    expect(await raw(link, `80${init}`)).toBe('9000')
    expect(await raw(link, '812B8000039B016100')).toBe('6985')
    expect(await raw(link, '812A0100')).toBe('6985')
    // Two clients that do not know of each other both begin with 0, and one of them never closes.
    expect(await raw(link, `81${init}`)).toBe('9000')
    expect(await raw(link, '802B0000039B016100')).toBe('9000')
    expect(await raw(link, '812B8000039B016100')).toBe('6989') // the one hash is at work
    // The other channel is deselected, then opened again: its session is gone, ours is not.
    expect(await raw(link, '00708001')).toBe('9000')
    expect(await raw(link, '0070000001')).toBe('019000')
    await other.select()
    expect(await raw(link, '812B8000039B016100')).toBe('6985')
    expect(await raw(link, '802B8000039B016200')).toMatch(/9000$/)
    done(await other.sign(byId(1), { text: text('b') }))
    done(await client.sign(byId(1), { text: text('c') }))
  })

  it('six sessions of a kind are all there are', async () => {
    const { link } = await ready()
    expect(await raw(link, '0070000001')).toBe('019000')
    await new IotSafeClient(link, { channel: 1 }).select()
    for (const [cla, number, sw] of [
      [80, 0, '9000'],
      [80, 1, '9000'],
      [80, 2, '9000'],
      [81, 0, '9000'],
      [81, 1, '9000'],
      [81, 5, '9000'],
      [81, 2, '6989'],
      [81, 1, '9000'],
    ] as const) {
      expect(await raw(link, `${cla}2A000${number}0D840101A1010191020001920104`)).toBe(sw)
    }
    expect(await raw(link, '802A0100')).toBe('9000')
    expect(await raw(link, '812A00020D840101A1010191020001920104')).toBe('9000')
    // Other kinds have their own.
    expect(await raw(link, '812C00020D850109A1010191020001920104')).toBe('9000')
  })

  it('a client that left its channel open does not keep the next one out', async () => {
    const { link } = await ready({ profile: t0Profile })
    expect(await raw(link, '0070000001')).toBe('019000')
    expect(await raw(link, '01A4040007A0000005590010')).toBe('9000')
    expect(await raw(link, '812A00000D840101A1010191020001920104')).toBe('9000')
    expect(await raw(link, '0070000001')).toBe('029000')
    expect(await raw(link, '02A4040007A0000005590010')).toBe('9000')
    expect(await raw(link, '822A00010D840101A1010191020001920104')).toBe('9000')
  })
})

describe('IoT SAFE installed for clients that know signatures with one byte of length', () => {
  it('answers 33 40 and takes it', async () => {
    const { link, client } = await ready({ shortSignatureLength: true })
    expect(await raw(link, '802A00000D840109A1010191020001920104')).toBe('9000')
    const answer = await raw(link, '802B8000039B016100')
    expect(answer).toMatch(/^3340[0-9A-F]{128}9000$/)
    const signature = answer.slice(4, -4)
    expect(await raw(link, '802C00000D850109A1010191020001920104')).toBe('9000')
    expect(await raw(link, `802D8000459B01613340${signature}`)).toBe('9000')
    done(await client.verify(byId(9), { text: text('a') }, fromHex(signature)))
    expectRefused(await client.verify(byId(9), { text: text('b') }, fromHex(signature)), SW.signatureMismatch)
  })
})

describe('what clients send to a card that speaks T=0', () => {
  // Commands as wolfSSL and the middleware of Thales write them: channel 1 without MANAGE CHANNEL, Le left out, session 0.
  it.each([
    ['wolfSSL reads a file', ['81CBC30003830102', '01C000001F', '81B0000003830102', '01C00000FF']],
    [
      'wolfSSL makes a pair and agrees',
      ['81B9000003840103', '01C000004D', '8124000203850104', '81D8800247KEY', '8124010200'],
    ],
    ['wolfSSL signs', ['812A00010D840101A1010391020001920104', '812B8001229E20HASH', '01C0000043', '812A010100']],
    ['Thales signs, and never closes', ['012A00000D840101A1010391020001920104', '012B8000229E20HASH00', '01C0000043']],
  ])('%s', async (_, commands) => {
    const { link } = await ready({ profile: t0Profile })
    expect(await raw(link, '01A4040007A0000005590010')).toBe('9000')
    expect(await raw(link, '8184000020')).toMatch(/^[0-9A-F]{64}9000$/)
    const key = `344549438641${toHex(rfc6979.point)}`
    for (const command of commands) {
      const answer = await raw(link, command.replace('KEY', key).replace('HASH', '5A'.repeat(32)))
      // 61xx, then the answer itself. A public key's session has ended with its last piece: clients do not mind.
      expect(answer, command).toMatch(command === '8124010200' ? /^6985$/ : /^61|9000$/)
    }
  })
})

describe('all of this file', () => {
  it('every command is allowed and refused, and every status word answered', async () => {
    const { client, link } = await blank()
    expect(await raw(link, '80E2800001C1')).toBe('6700')
    const files = Array.from({ length: 5 }, (_, i) => ({ id: id(i), content: text('a') }))
    expectRefused(await client.storeData(iotSafeBlocks({ files })), 0x6a84)
    // 6A81: our card has all algorithms. 6982 is of cards with GlobalPlatform: personalisation.test.ts.
    expectCovered('iot-safe', links.flat(), [0x6a81, 0x6982])
  })
})
