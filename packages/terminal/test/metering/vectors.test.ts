import { fromHex, toHex } from '@gridcard/bytes'
import type { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  inProcessLink,
  keyIds,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  nextGeneration,
} from '../../src/index.ts'
import { blankCard, deviceId, expectRefused, own, require } from './metering-bench.ts'

// Published numbers, put into the card from outside. What a card draws itself (its counters, challenges and private keys) cannot be
// set, so vectors of PROTECT, HLS answers and key agreement are the other side's: there the software that passes them is the peer.

/** A card of suite 0 whose only slot has these keys and this peer. */
async function cardWith(o: {
  peer: string
  unicast: string
  authentication: string
  kek?: string
}): Promise<MeteringClient> {
  const card: Card = blankCard()
  const parameters = meteringInstallData({ suites: [0], cells: [], quotas: 0, clearPersonalisation: true })
  card.installApplet({ packageAid: meteringPackageAid, appletAid: meteringAppletAid, parameters })
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card))
  await client.select()
  await client.setIdentity({ systemTitle: own, deviceId })
  await client.putKeySlot(0, {
    peerSystemTitle: fromHex(o.peer),
    unicastKey: fromHex(o.unicast),
    authenticationKey: fromHex(o.authentication),
  })
  if (o.kek !== undefined) await client.putKek(fromHex(o.kek))
  await client.activate()
  require(await client.bindDevice(deviceId))
  return client
}

const greenBook = {
  peer: '4D4D4D0000BC614E',
  unicast: '000102030405060708090A0B0C0D0E0F',
  authentication: 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF',
}
const initiate = '01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0'

describe('AES-GCM of the Green Book, 9.2.7.2.4.6', () => {
  it('a bit of it changed is refused; authenticated encryption of a glo-initiateRequest opens', async () => {
    const client = await cardWith(greenBook)
    const body = fromHex('801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE6841DB204D39EE6FDB8E356855')
    expectRefused(await client.unprotect(0, 0x30, 0x01234567, body.with(0, 0x81)), 0x6988)
    expect(toHex(require(await client.unprotect(0, 0x30, 0x01234567, body)).plaintext)).toBe(initiate)
    expectRefused(await client.unprotect(0, 0x30, 0x01234567, body), 0x6984)
  })

  it('authentication alone', async () => {
    const client = await cardWith(greenBook)
    const get = 'C0010000080000010000FF0200'
    const body = fromHex(`${get}06725D910F9221D263877516`)
    expectRefused(await client.unprotect(0, 0x10, 0x01234567, body.with(-1, 0x17)), 0x6988)
    expect(toHex(require(await client.unprotect(0, 0x10, 0x01234567, body)).plaintext)).toBe(get)
  })
})

describe('AES key wrap, RFC 3394 §4.1', () => {
  it('the wrapped key is the one that messages then come under', async () => {
    const client = await cardWith({
      ...greenBook,
      kek: '000102030405060708090A0B0C0D0E0F',
      unicast: `${'AA55'.repeat(7)}1234`,
    })
    const wrapped = fromHex('1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5')
    expectRefused(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrapped.with(3, 0) }]), 0x6988)
    require(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped }]))
    const iv = fromHex('4D4D4D0000BC614E00000001')
    const aad = fromHex(`30${greenBook.authentication}`)
    const body = nodeCrypto.gcmSeal(fromHex('00112233445566778899AABBCCDDEEFF'), iv, aad, fromHex(initiate), 12)
    expect(toHex(require(await client.unprotect(nextGeneration, 0x30, 1, body)).plaintext)).toBe(initiate)
  })
})
