import { readFileSync } from 'node:fs'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import type { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  firstSessionKey,
  inProcessLink,
  keyIds,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  nextGeneration,
  partyCells,
} from '../../src/index.ts'
import { rfc6979 } from '../iot-safe/iot-safe-vectors.ts'
import { blankCard, deviceId, expectRefused, own, require } from './metering-bench.ts'

// Published numbers, put into the card from outside. What a card draws itself (its counters, challenges and private keys) cannot be
// set, so vectors of PROTECT, HLS answers and key agreement are the other side's: there the software that passes them is the peer.

/** A card whose only slot has these keys and this peer. */
async function cardWith(o: {
  peer: string
  unicast: string
  authentication: string
  kek?: string
  suite?: 0 | 1 | 2
  /** The supplier's key to sign, x and y; of P-384 if it is so long. */
  signer?: string
}): Promise<MeteringClient> {
  const card: Card = blankCard()
  const partiesHaveP384 = o.signer?.length === 192
  const cells = o.signer === undefined ? [] : [partyCells.supplier]
  const suites = [o.suite ?? 0]
  const parameters = meteringInstallData({ suites, cells, quotas: 0, clearPersonalisation: true, partiesHaveP384 })
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
  if (o.signer !== undefined) {
    const publicKey = fromHex(`04${o.signer}`)
    await client.putCredential(partyCells.supplier, { entity: own, use: 'sign', publicKey })
  }
  await client.activate()
  require(await client.bindDevice(deviceId))
  return client
}

const greenBook = {
  peer: '4D4D4D0000BC614E',
  unicast: '000102030405060708090A0B0C0D0E0F',
  authentication: 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF',
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../dlms/test/data/dlms-vectors.json', import.meta.url), 'utf8'),
) as { vectors: readonly { name: string; inputs: Record<string, string>; expected: Record<string, string> }[] }

function vector(beginning: string): Record<string, string> {
  const found = vectors.vectors.filter(({ name }) => name.startsWith(beginning))
  expect(found, beginning).toHaveLength(1)
  return { ...found[0]!.inputs, ...found[0]!.expected }
}

/** As a frame has it: the key of the peer's title, control, counter, and the rest. */
interface Frame {
  readonly peer: string
  readonly unicast: string
  readonly authentication: string
  readonly control: number
  readonly counter: number
  readonly body: string
  readonly plaintext: string
}

/** Control, counter and body behind the tag and length of an APDU, which begins with these octets. */
function frame(name: string, beginning: string, peer: string): Frame {
  const { apdu = '', blockCipherKey, authenticationKey, plaintext } = vector(name)
  expect(apdu.startsWith(beginning)).toBe(true)
  const at = beginning.length
  return {
    peer,
    unicast: blockCipherKey!,
    authentication: authenticationKey!,
    control: Number.parseInt(apdu.slice(at, at + 2), 16),
    counter: Number.parseInt(apdu.slice(at + 2, at + 10), 16),
    body: apdu.slice(at + 10),
    plaintext: plaintext!,
  }
}

/** HLS mechanism 5 is a GMAC over the challenge: what UNPROTECT checks of a text that is authenticated only. */
function token(name: string, peer: 'clientSystemTitle' | 'serverSystemTitle', challenge: 'StoC' | 'CtoS'): Frame {
  const one = vector(name)
  return {
    peer: one[peer]!,
    unicast: one['blockCipherKey']!,
    authentication: one['authenticationKey']!,
    control: 0x10,
    counter: Number.parseInt(one['invocationCounter']!, 16),
    body: one[challenge]! + one['reply']!.slice(10),
    plaintext: one[challenge]!,
  }
}

describe('AES-GCM of DLMS: frames of the Green Book and of other implementations', () => {
  it.each<[string, Frame]>([
    ['Green Book, glo-get-request', frame('glo-get-request, authenticated encryption', 'C81E', greenBook.peer)],
    ['Green Book, authentication alone', frame('glo-get-request, authentication only', 'C81E', greenBook.peer)],
    ['Green Book, glo-initiate-request', frame('glo-initiate-request with dedicated key', '2130', greenBook.peer)],
    ['Green Book, HLS f(StoC)', token('HLS mechanism 5 f(StoC)', 'clientSystemTitle', 'StoC')],
    ['HLS f(CtoS)', token('HLS mechanism 5 f(CtoS)', 'serverSystemTitle', 'CtoS')],
    [
      'dlms-cosem, push',
      frame('general-glo-ciphering of a data-notification', 'DB082F192291991641033B', '2F19229199164103'),
    ],
    [
      'Gurux, GET, suite 0',
      frame('general-glo-ciphering GET request, suite 0', 'DB084D4D4D0000BC614E1E', greenBook.peer),
    ],
    ['Gurux, GET, suite 1', frame('general-glo-ciphering, suite 1', 'DB084D4D4D0000BC614E1E', greenBook.peer)],
    ['Gurux, GET, suite 2', frame('general-glo-ciphering, suite 2', 'DB084D4D4D0000BC614E1E', greenBook.peer)],
    ['Gurux, HLS reply in an ACTION', frame('glo-action-request carrying the HLS reply', 'CB31', greenBook.peer)],
    ['Gurux, InitiateResponse', frame('glo-initiate-response inside AARE', '281F', '4142434445464748')],
  ])('%s', async (_, { control, counter, body, plaintext, ...keys }) => {
    const client = await cardWith({ ...keys, suite: (control & 3) as 0 | 1 | 2 })
    const bytes = fromHex(body)
    const changed = bytes.with(-1, bytes.at(-1)! ^ 1)
    expectRefused(await client.unprotect(0, control, counter, changed), 0x6988)
    expect(toHex(require(await client.unprotect(0, control, counter, bytes)).plaintext)).toBe(plaintext)
    expectRefused(await client.unprotect(0, control, counter, bytes), 0x6984)
  })

  it('general-ciphering under a session key: the header is bound to the message', async () => {
    const { agreedKey, iv, aad, ciphertext, tag, plaintext } = vector('general-ciphering (suite 1, agreed key)')
    const client = await cardWith({ ...greenBook, peer: iv!.slice(0, 16), suite: 1 })
    require(await client.putDedicatedKey(firstSessionKey, 0, fromHex(agreedKey!)))
    const header = fromHex(aad!).slice(17)
    const body = fromHex(ciphertext! + tag!)
    const open = (bound: Uint8Array) => client.unprotect(firstSessionKey, 0x31, 2, body, bound)
    expectRefused(await open(header.with(3, 1)), 0x6988)
    expect(toHex(require(await open(header)).plaintext)).toBe(plaintext)
  })

  it('encryption without authentication is refused whatever it says', async () => {
    const client = await cardWith(greenBook)
    const { apdu } = vector('glo-get-request, encryption only')
    expectRefused(await client.unprotect(0, 0x20, 0x01234567, fromHex(apdu!.slice(14))), 0x6a86)
  })
})

describe('ECDSA of parties, VERIFY', () => {
  const hls7 = vector('HLS mechanism 7')
  const signing = vector('general-signing')
  /** A.2.6: P-384 with SHA-384. */
  const p384 = {
    key: 'EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC138015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720',
    signature:
      '94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE4699EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8',
  }
  it.each([
    ['RFC 6979 A.2.5, P-256', toHex(rfc6979.point).slice(2), toHex(rfc6979.message), toHex(rfc6979.signatures.sha256)],
    ['RFC 6979 A.2.6, P-384', p384.key, toHex(rfc6979.message), p384.signature],
    [
      'HLS mechanism 7 of dlms-crypto',
      hls7['publicKeyXY']!,
      ['clientSystemTitle', 'serverSystemTitle', 'StoC', 'CtoS'].map((name) => hls7[name]).join(''),
      hls7['signature']!,
    ],
    ['general-signing of GBCS', signing['publicKeyXY']!, signing['signedPart']!, signing['signature']!],
  ])('%s', async (_, signer, message, signature) => {
    const client = await cardWith({ ...greenBook, signer })
    const [text, bytes] = [fromHex(message), fromHex(signature)]
    expectRefused(await client.verify(partyCells.supplier, text.with(0, text[0]! ^ 1), bytes), 0x6988)
    expect(await client.verify(partyCells.supplier, text, bytes)).toEqual({ ok: true })
  })
})

describe('AES key wrap, RFC 3394', () => {
  it.each<[string, 0 | 2, string]>([
    ['§4.1, 128 bits under 128', 0, 'key_transfer wrapping, suite 0/1'],
    ['§4.6, 256 bits under 256', 2, 'key_transfer wrapping, suite 2'],
  ])('%s: the wrapped key is the one that messages then come under', async (_, suite, name) => {
    const { kek, key, wrapped: hex } = vector(name)
    const of = (byte: string) => byte.repeat(suite === 2 ? 32 : 16)
    const own = {
      unicast: of('A5').replace('A5', 'A6'),
      authentication: suite === 2 ? greenBook.authentication.repeat(2) : greenBook.authentication,
    }
    const client = await cardWith({ ...greenBook, ...own, kek: kek!, suite })
    const wrapped = fromHex(hex!)
    expectRefused(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrapped.with(3, 0) }]), 0x6988)
    require(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped }]))
    const control = 0x30 | suite
    const aad = concatBytes(Uint8Array.of(control), fromHex(own.authentication))
    const body = nodeCrypto.gcmSeal(fromHex(key!), fromHex(`${greenBook.peer}00000001`), aad, fromHex('C001'), 12)
    expect(toHex(require(await client.unprotect(nextGeneration, control, 1, body)).plaintext)).toBe('C001')
  })
})
