import { concatBytes, fromHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { emitCommandHeader, partyCells, purposes } from '@gridcard/terminal'
import { beforeAll, describe, expect, test } from 'vitest'
import { memorySecrets } from '../../test/memory-secrets.ts'
import { CommandParty, type SignedCommand } from './command-party.ts'

const domain = ecDomain('P-256')
const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
const keyPair = () => {
  const privateKey = nodeCrypto.generateEcPrivateKey(domain)
  return { privateKey, publicKey: nodeCrypto.ecPublicKey(domain, privateKey) }
}
const signed = (privateKey: Uint8Array, ...message: Uint8Array[]) =>
  nodeCrypto.createEcdsaSigner(scheme, privateKey).sign(concatBytes(...message))

const card = keyPair()
const target = fromHex('4752430100000001')
const systemTitle = fromHex('47524348AABBCCDD')
const method = { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }
const nowMs = 1_780_000_000_000

const secrets = memorySecrets()
let party: CommandParty
let command: SignedCommand
beforeAll(async () => {
  party = await CommandParty.open({ secrets, crypto: nodeCrypto, systemTitle })
  command = party.sign({ to: 'disconnected', method, target, counter: 77n, nowMs, speed: 60 })
})

/** As the card signs it; the layout is that of applets/metering/README.md. */
function response(o: { header?: Uint8Array; result?: number; by?: Uint8Array; purpose?: Uint8Array } = {}): Uint8Array {
  const { header = command.header, result = 0, by = card.privateKey, purpose = purposes.response } = o
  const body = concatBytes(header, Uint8Array.of(result >> 8, result), fromHex('6A18A280'))
  return concatBytes(body, signed(by, purpose, body))
}

describe('a response of a card', () => {
  test.each<[string, () => Uint8Array, string]>([
    ['that is not there', () => new Uint8Array(0), 'its card signed nothing'],
    ['cut off', () => response().slice(1), 'what it gave is no response of a card'],
    ['signed by another card', () => response({ by: keyPair().privateKey }), 'the response is not signed by its card'],
    [
      'signed for another purpose',
      () => response({ purpose: purposes.command }),
      'the response is not signed by its card',
    ],
    [
      'about another command',
      () =>
        response({ header: party.sign({ to: 'disconnected', method, target, counter: 78n, nowMs, speed: 60 }).header }),
      'the response is about another command',
    ],
  ])('%s proves nothing', (_, bytes, reason) => {
    expect(party.judge(command, card.publicKey, bytes())).toEqual({ isGenuine: false, reason })
  })

  test('is proof of its result and its time', () => {
    const proof = { isGenuine: true, signedAtMs: 0x6a18a280 * 1000 }
    expect(party.judge(command, card.publicKey, response())).toEqual({ ...proof, result: 0 })
    expect(party.judge(command, card.publicKey, response({ result: 250 }))).toEqual({ ...proof, result: 250 })
  })
})

test('a command is for one meter, one method call, one counter, and some minutes of the street to either side', () => {
  const payload = fromHex('0046 000060030AFF 01 010F00')
  const good = 300 + 60 * 60
  expect(command.header).toEqual(
    emitCommandHeader({
      target,
      party: partyCells.supplier,
      commandClass: 0,
      counter: 77n,
      notBefore: nowMs / 1000 - good,
      notAfter: nowMs / 1000 + good,
      payloadHash: nodeCrypto.sha256(payload),
    }),
  )
  const verifier = nodeCrypto.createEcdsaVerifier(scheme, party.points.sign)
  expect(verifier.verify(concatBytes(purposes.command, command.header), command.word.slice(58))).toBe(true)
})

test('the party is the same after a restart', async () => {
  const again = await CommandParty.open({ secrets, crypto: nodeCrypto, systemTitle })
  expect(again.points).toEqual(party.points)
})
