import { readdirSync, readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { parseRecording, type Recording, recordedCard, withRandom } from '../../test/recorded-card.ts'
import { parseCommand } from '../command-apdu.ts'
import { GlobalPlatformClient } from './globalplatform-client.ts'

// What other clients and real cards said to each other, and our client in the client's place.

const folder = new URL('recordings/', import.meta.url)
const recording = (name: string) => parseRecording(readFileSync(new URL(`${name}.txt`, folder), 'utf8'))
const names = readdirSync(folder).map((file) => file.replace('.txt', ''))

/** Key version and level are those of the recorded commands. */
const channelOf = ({ keys, exchanges }: Recording) => ({
  keys,
  keyVersion: Number.parseInt(exchanges[0]!.command.slice(4, 6), 16),
  level: Number.parseInt(exchanges[1]!.command.slice(4, 6), 16),
})

async function opened(name: string) {
  const recorded = recording(name)
  const card = recordedCard(recorded)
  const client = new GlobalPlatformClient(card, { crypto: withRandom(nodeCrypto, recorded.random) })
  await client.open(channelOf(recorded))
  return { client, card, recorded }
}

test.each(names)(
  '%s: the channel opens as it did, and what was sent plain is protected and read as it was',
  async (name) => {
    const { client, card, recorded } = await opened(name)
    for (const plain of recorded.plain) expect((await client.transmit(parseCommand(plain))).sw).toBe(0x9000)
    if (recorded.plain.length > 0) expect(card.remaining).toBe(0)
  },
)

test('scp03-everything: the applet echoed what it got', async () => {
  const { client, recorded } = await opened('scp03-everything')
  for (const plain of recorded.plain) {
    const command = parseCommand(plain)
    expect(toHex((await client.transmit(command)).data)).toBe(toHex(command.data!))
  }
})

test.each(names.filter((name) => name.startsWith('scp03-eid-')))('%s: the EID', async (name) => {
  const { client, recorded } = await opened(name)
  const { data } = await client.transmit(parseCommand(recorded.plain[0]!))
  expect(toHex(data)).toBe('BF3E125A1089882119900000000000000000000005')
})

describe('each bit of a protected answer that is flipped', () => {
  test.each(['scp03-eid-aes-128-level-11', 'scp03-eid-aes-256-level-33'])(
    '%s: refused, and the channel is closed',
    async (name) => {
      const { exchanges } = recording(name)
      const answer = fromHex(exchanges[2]!.response)
      for (let bit = 0; bit < 8 * (answer.length - 2); bit++) {
        const flipped = answer.slice()
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        const recorded = {
          ...recording(name),
          exchanges: [...exchanges.slice(0, 2), { ...exchanges[2]!, response: toHex(flipped) }],
        }
        const client = new GlobalPlatformClient(recordedCard(recorded), {
          crypto: withRandom(nodeCrypto, recorded.random),
        })
        await client.open(channelOf(recorded))
        await expect(client.transmit(parseCommand(recorded.plain[0]!))).rejects.toMatchObject({
          code: 'TERMINAL_GP_RESPONSE_MAC',
        })
        expect(client.channel).toBeUndefined()
      }
    },
  )

  test('the card cryptogram: nothing is sent any more', async () => {
    const { exchanges, keys, random } = recording('scp03-delete')
    const answer = fromHex(exchanges[0]!.response)
    for (let bit = 8 * 13; bit < 8 * 29; bit++) {
      const flipped = answer.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const card = recordedCard({ exchanges: [{ ...exchanges[0]!, response: toHex(flipped) }] })
      const client = new GlobalPlatformClient(card, { crypto: withRandom(nodeCrypto, random) })
      await expect(client.open({ keys })).rejects.toMatchObject({ code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC' })
    }
  })
})

describe('content', () => {
  test('scp03-registry: load files, applications, issuer domain', async () => {
    const { client, card, recorded } = await opened('scp03-registry')
    const loadFiles = await client.status('loadFiles')
    expect(loadFiles).toHaveLength(8)
    expect(loadFiles.at(-1)).toEqual({
      kind: 'load-file',
      aid: 'A0000000090005FFFFFFFF8912000064',
      state: 1,
      stateName: 'LOADED',
      privileges: [],
      domain: 'A000000151',
      loadFile: undefined,
      version: '0100',
      modules: [],
    })
    const [profile] = await client.status('applications')
    expect(profile).toMatchObject({
      kind: 'security-domain',
      aid: 'A0000005591010FFFFFFFF8900001000',
      loadFile: 'A0000001515350',
      domain: 'A0000005591010FFFFFFFF8900000100',
      privileges: ['SecurityDomain', 'TrustedPath', 'AuthorizedManagement'],
    })
    const [issuer] = await client.status('issuerDomain')
    expect(issuer).toMatchObject({ kind: 'issuer-domain', aid: 'A000000151000000', stateName: 'SECURED' })
    expect(issuer!.privileges).toEqual([
      'SecurityDomain',
      'CvmManagement',
      'TrustedPath',
      'AuthorizedManagement',
      'TokenVerification',
      'GlobalDelete',
      'GlobalLock',
      'GlobalRegistry',
      'ReceiptGeneration',
    ])
    expect(card.remaining).toBe(1)
    const answered = recorded.exchanges.slice(0, 5).map(({ response }) => response.length / 2)
    const bytesReceived = answered.reduce((sum, length) => sum + length)
    expect(client.counters).toEqual({ commands: 5, bytesSent: 125, bytesReceived })
  })

  test('scp02-load-files', async () => {
    const { client, card } = await opened('scp02-load-files')
    const loadFiles = await client.status('loadFiles')
    expect(loadFiles.map(({ aid }) => aid)).toEqual([
      'A0000000035350',
      'A000000004',
      '325041592E',
      'F000071180',
      'A00000042120',
      'D0D1D2D3D4D501',
    ])
    expect(card.remaining).toBe(0)
  })

  test('scp03-delete', async () => {
    const { client, card } = await opened('scp03-delete')
    expect(await client.delete(fromHex('A00100015141434C'), { withInstances: true })).toBeUndefined()
    expect(card.remaining).toBe(0)
  })

  test('scp02-install: a refusal tells its reason, and the chain of MACs goes on', async () => {
    const { client, card, recorded } = await opened('scp02-install')
    await expect(client.delete(fromHex('D0D1D2D3D4D50101'), { withInstances: true })).rejects.toMatchObject({
      code: 'TERMINAL_CARD_REFUSED',
      message: 'the card refused DELETE: 6A88 there is no such thing on the card',
      place: { sw: 0x6a88 },
    })
    await client.delete(fromHex('D0D1D2D3D4D501'), { withInstances: true })
    const loading = client.load({
      loadFileAid: fromHex('D0D1D2D3D4D501'),
      domainAid: fromHex('A000000003000000'),
      parameters: fromHex('EF08 C6020160 C80207D0'),
      dataBlock: new Uint8Array(),
    })
    // The recording ends where the load file would begin.
    await expect(loading).rejects.toThrow('is sent, not nothing')
    expect([card.remaining, recorded.exchanges.length]).toEqual([0, 5])
  })
})
