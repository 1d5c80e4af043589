import { concatBytes, fromAscii, fromHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type CardLink,
  commandClasses,
  emitCredentialUpdate,
  emitKeyEstablishment,
  emitQuotaGrant,
  firstSessionKey,
  keyIds,
  type MeteringClient,
  meterSetTree,
  nextGeneration,
  partyCells,
  purposes,
  tokenHead,
  tokenMacInput,
} from '../../src/index.ts'
import { type CommandRow, type Recording, raw } from '../command-table.ts'
import {
  changeOfSupplier,
  command,
  controller,
  deviceId,
  headend,
  kek,
  keys,
  makeParty,
  NOW,
  network,
  own,
  type Party,
  prepayKey,
  publicKeyOf,
  require,
  root,
  seal,
  sign,
  supplier,
} from './metering-bench.ts'

export interface RowCard extends Pick<Recording, 'seen'> {
  readonly link: CardLink
  readonly client: MeteringClient
}

type Row = CommandRow<RowCard>
type Act = (card: RowCard) => Promise<unknown>

const send =
  (ins: number, p1 = 0, p2 = 0, data: Uint8Array = new Uint8Array(0)): Act =>
  ({ link }) =>
    raw(link, 0x80, ins, p1, p2, data)

const text = fromHex('C0010000080000010000FF0200')
const payload = fromHex('0102030405')
const p256 = ecDomain('P-256')
const session = firstSessionKey
const info = concatBytes(fromHex('60857405080300'), own, headend)
const nextKey = nodeCrypto.randomBytes(16)
const next = makeParty('4752435355503032')
const ephemeral = nodeCrypto.generateEcPrivateKey(p256)
const tree = meterSetTree([own], (bytes) => nodeCrypto.sha256(bytes))
const { supplier: SUPPLIER, root: ROOT, networkOperator, changeOfSupplier: CHANGE } = partyCells
const { disconnect, reconnect, limiter, credential, quota, unlock, prepay } = commandClasses

const credentialOf = (party: Party, use: 'sign' | 'agree') => ({
  entity: party.entity,
  use,
  publicKey: publicKeyOf(party[use]),
})
const slotKeys = (slot: number) => ({
  peerSystemTitle: slot === 1 ? controller : headend,
  unicastKey: fromHex(keys[slot]!.unicast),
  authenticationKey: fromHex(keys[slot]!.authentication),
})
const message = (counter: number, key?: Uint8Array) =>
  seal({ slot: 0, control: 0x30, counter, plaintext: text, ...(key && { key }) })
const wrapped = (key: Uint8Array, by = kek) => nodeCrypto.aesKeyWrap(by, key)

const grant = emitQuotaGrant({
  target: own,
  party: networkOperator,
  index: 0,
  commandClass: limiter,
  counter: 1n,
  notBefore: NOW,
  notAfter: NOW + 100,
  count: 1,
  root: tree.root,
})
const granted = concatBytes(grant, sign(network.sign, purposes.quotaGrant, grant))
const consume = { now: NOW, meter: own, proof: tree.proof(0) }
const head = tokenHead({ counter: 1n, class: 1, amount: 7 })
const mac = tokenMacInput({ issuer: supplier.entity, target: own, counter: 1n, head })
const token = concatBytes(head, nodeCrypto.gcmSeal(prepayKey, mac.iv, mac.aad, new Uint8Array(0), 16).slice(-4))
const updateFor = (target: Uint8Array) =>
  emitCredentialUpdate({
    target,
    party: SUPPLIER,
    newOwner: true,
    counter: 1n,
    entries: (['sign', 'agree'] as const).map((use) => ({ cell: 2, counterFloor: 9n, ...credentialOf(next, use) })),
  })
const signedUpdate = (target: Uint8Array, by: Party) =>
  concatBytes(updateFor(target), sign(by.sign, purposes.credentialUpdate, updateFor(target)))
const establishment = (target: Uint8Array, by: Party) => {
  const request = emitKeyEstablishment({
    target,
    party: ROOT,
    counter: 1n,
    ephemeralPublicKey: nodeCrypto.ecPublicKey(p256, ephemeral),
  })
  return concatBytes(request, sign(by.sign, purposes.keyEstablishment, request))
}
const hlsToken = (challenge: Uint8Array, counter: number) =>
  concatBytes(
    Uint8Array.of(0x10, 0, 0, 0, counter),
    seal({ slot: 0, control: 0x10, counter, plaintext: challenge }).slice(-12),
  )

/** On an applet that was installed with C9 01 2D 02 00 01 02 and not personalised: personalisation, to its end. */
export const personalisationRows: readonly Row[] = [
  {
    command: 'GET STATUS',
    refused: [[0x6e00, 'another class', ({ link }) => raw(link, 0x90, 0x02)]],
    allowed: ({ client }) => client.status(),
  },
  { command: 'ACTIVATE', refused: [[0x6985, 'without identity and keys', ({ client }) => client.activate()]] },
  {
    command: 'SET IDENTITY',
    refused: [[0x6700, 'a byte too few', send(0x10, 0, 0, new Uint8Array(31))]],
    allowed: ({ client }) =>
      client.setIdentity({ systemTitle: own, deviceId, tamperPolicy: ['alarm', 'lock', 'zeroise'] }),
  },
  {
    command: 'PUT KEY SLOT',
    refused: [
      [0x6a86, 'no such slot', ({ client }) => client.putKeySlot(3, slotKeys(0))],
      [0x6700, 'keys of another suite', ({ client }) => client.putKeySlot(2, slotKeys(0))],
    ],
    allowed: ({ client }) => client.putKeySlot(0, slotKeys(0)),
  },
  {
    command: 'PUT KEK',
    before: async ({ client }) => {
      await client.putKeySlot(1, slotKeys(1))
      await client.putKeySlot(2, slotKeys(2))
    },
    refused: [[0x6700, 'a byte too few', ({ client }) => client.putKek(new Uint8Array(15))]],
    allowed: ({ client }) => client.putKek(kek),
  },
  {
    command: 'PUT CREDENTIAL',
    refused: [
      [0x6a86, 'no such cell', ({ client }) => client.putCredential(8, credentialOf(root, 'sign'))],
      [
        0x6a88,
        'a party that this device does not know',
        ({ client }) => client.putCredential(6, credentialOf(root, 'sign')),
      ],
    ],
    allowed: ({ client }) => client.putCredential(ROOT, credentialOf(root, 'sign')),
  },
  {
    command: 'PUT POLICY',
    before: async ({ client }) => {
      for (const [cell, party] of [
        [SUPPLIER, supplier],
        [networkOperator, network],
        [CHANGE, changeOfSupplier],
      ] as const) {
        for (const use of ['sign', 'agree'] as const) await client.putCredential(cell, credentialOf(party, use))
      }
    },
    refused: [[0x6a86, 'no such class', ({ client }) => client.putPolicy(16, { parties: [SUPPLIER] })]],
    allowed: ({ client }) => client.putPolicy(disconnect, { parties: [SUPPLIER], macSlot: 1 }),
  },
  {
    command: 'PUT PREPAY KEY',
    before: async ({ client }) => {
      await client.putPolicy(reconnect, { parties: [SUPPLIER] })
      await client.putPolicy(limiter, { parties: [SUPPLIER, networkOperator] })
      await client.putPolicy(prepay, { parties: [SUPPLIER] })
      await client.putPolicy(credential, { parties: [ROOT] })
      await client.putPolicy(quota, { parties: [networkOperator] })
      await client.putPolicy(unlock, { parties: [ROOT] })
    },
    refused: [[0x6700, 'a byte too few', send(0x1a, 0, 0, new Uint8Array(23))]],
    allowed: ({ client }) => client.putPrepayKey(supplier.entity, prepayKey),
  },
  {
    command: 'GENERATE KEY PAIR, first',
    refused: [[0x6a86, 'P-384 was not installed', ({ client }) => client.generateKeyPair(2, 'sign')]],
    allowed: ({ client }) => client.generateKeyPair(1, 'sign'),
  },
  {
    command: 'ACTIVATE',
    before: ({ client }) => client.generateKeyPair(1, 'agree'),
    allowed: ({ client }) => client.activate(),
  },
]

/** What a device does with it, to the end of its keys. The first row binds it. */
export function operationRows(): readonly Row[] {
  let ticket: Uint8Array = new Uint8Array(8)
  const withTicket: Act = async ({ client }) => {
    ticket = require(await client.verifyCommand(NOW, command({ payload, commandClass: reconnect, counter: 1n }))).ticket
  }
  return [
    {
      command: 'BIND DEVICE',
      refused: [
        [0x6985, 'PROTECT before', ({ client }) => client.protect(0, 0x30, text)],
        [0x6982, 'another device', ({ client }) => client.bindDevice(new Uint8Array(16))],
      ],
      allowed: ({ client }) => client.bindDevice(deviceId),
    },
    {
      command: 'READ COUNTERS',
      refused: [
        [0x6d00, 'SET IDENTITY: personalisation is over', send(0x10)],
        [0x6a86, 'no such slot', ({ client }) => client.counters(3)],
      ],
      allowed: ({ client }) => client.counters(0),
    },
    {
      command: 'READ PUBLIC KEY',
      refused: [
        [0x6a88, 'there is no next one', ({ client }) => client.publicKey(1, 'sign', true)],
        [0x6a86, 'no such use', send(0x06, 1, 2)],
      ],
      allowed: ({ client }) => client.publicKey(1, 'sign'),
    },
    {
      command: 'READ CREDENTIAL',
      refused: [[0x6a86, 'no such class', ({ client }) => client.credential(0, 16)]],
      allowed: ({ client }) => client.credential(0, 0),
    },
    {
      command: 'READ QUOTA',
      refused: [[0x6a86, 'no such quota', ({ client }) => client.quota(2)]],
      allowed: ({ client }) => client.quota(0),
    },
    {
      command: 'PROTECT',
      refused: [
        [0x6a86, 'encryption alone', ({ client }) => client.protect(0, 0x20, text)],
        [0x6a88, 'a session without a key', ({ client }) => client.protect(session, 0x30, text)],
      ],
      allowed: ({ client }) => client.protect(0, 0x30, text),
    },
    {
      command: 'UNPROTECT',
      refused: [
        [0x6988, 'a changed byte', ({ client }) => client.unprotect(0, 0x30, 4, message(4).with(2, 0))],
        [0x6700, 'no room for counter and tag', send(0x32, 0, 0x30, new Uint8Array(15))],
      ],
      allowed: ({ client }) => client.unprotect(0, 0x30, 4, message(4)),
    },
    {
      command: 'HLS ANSWER',
      refused: [
        [0x6984, 'UNPROTECT a second time', ({ client }) => client.unprotect(0, 0x30, 4, message(4))],
        [0x6700, 'a challenge of 7 bytes', ({ client }) => client.hlsAnswer(0, new Uint8Array(7))],
      ],
      allowed: ({ client }) => client.hlsAnswer(0, new Uint8Array(16)),
    },
    {
      command: 'GET CHALLENGE',
      refused: [[0x6a86, '7 bytes', ({ client }) => client.challenge(0, 7)]],
      allowed: ({ client }) => client.challenge(0, 16),
    },
    {
      command: 'HLS VERIFY',
      refused: [[0x6988, 'another challenge', ({ client }) => client.hlsVerify(0, hlsToken(new Uint8Array(16), 1))]],
      allowed: async ({ client }) => client.hlsVerify(0, hlsToken(require(await client.challenge(0, 16)), 1)),
    },
    {
      command: 'PUT DEDICATED KEY',
      refused: [[0x6a86, 'no such session', ({ client }) => client.putDedicatedKey(0x20, 0, nextKey)]],
      allowed: ({ client }) => client.putDedicatedKey(session, 0, new Uint8Array(16).fill(9)),
    },
    {
      command: 'CLEAR SESSION',
      refused: [[0x6a86, 'no such session', ({ client }) => client.clearSession(0x20)]],
      allowed: ({ client }) => client.clearSession(session),
    },
    {
      command: 'GENERATE EPHEMERAL',
      refused: [[0x6a86, 'P-384 was not installed', ({ client }) => client.generateEphemeral(2)]],
      allowed: ({ client }) => client.generateEphemeral(1),
    },
    {
      command: 'AGREE',
      refused: [
        [
          0x6a86,
          'a slot of suite 0',
          ({ client }) => client.agree(session, 0, { kind: 'static-static', cell: 2 }, info),
        ],
        [0x6a88, 'no such party', ({ client }) => client.agree(session, 1, { kind: 'static-static', cell: 4 }, info)],
        [
          0x6a80,
          'for another device',
          ({ client }) => client.agree(session, 1, { kind: 'static-static', cell: 2 }, info.with(8, 0)),
        ],
      ],
      prepare: ({ client }) => client.generateEphemeral(1),
      allowed: ({ client }) => client.agree(session, 1, { kind: 'our-ephemeral', cell: 2 }, info),
    },
    {
      command: 'WRAP KEY',
      refused: [[0x6a88, 'a session without a key', ({ client }) => client.wrapKey(1, 0x13)]],
      prepare: ({ client }) => client.putDedicatedKey(session, 1, new Uint8Array(16).fill(9)),
      allowed: ({ client }) => client.wrapKey(1, session),
    },
    {
      command: 'ABANDON CHANGE',
      refused: [[0x6a86, 'no such slot', ({ client }) => client.abandonChange(3)]],
      allowed: ({ client }) => client.abandonChange(1),
    },
    {
      command: 'UNWRAP KEY',
      refused: [
        [
          0x6988,
          'not wrapped under the master key',
          ({ client }) => client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrapped(nextKey, nextKey) }]),
        ],
        [
          0x6984,
          'a key that was here before',
          ({ client }) => client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrapped(fromHex(keys[0].unicast)) }]),
        ],
        [0x6a80, 'no such key', ({ client }) => client.unwrapKeys(0, [{ id: 9, wrapped: wrapped(nextKey) }])],
      ],
      allowed: ({ client }) => client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrapped(nextKey) }]),
    },
    {
      command: 'UNPROTECT, first under the next key',
      refused: [[0x6988, 'another key', ({ client }) => client.unprotect(nextGeneration, 0x30, 4, message(4))]],
      allowed: ({ client }) => client.unprotect(nextGeneration, 0x30, 4, message(4, nextKey)),
    },
    {
      command: 'GENERATE KEY PAIR',
      refused: [
        [0x6a88, 'ACTIVATE KEY PAIR without a next one', ({ client }) => client.activateKeyPair(1, 'sign')],
        [0x6a86, 'no such use', send(0x22, 1, 2)],
      ],
      allowed: ({ client }) => client.generateKeyPair(1, 'sign'),
    },
    { command: 'ACTIVATE KEY PAIR', allowed: ({ client }) => client.activateKeyPair(1, 'sign') },
    {
      command: 'ESTABLISH KEK',
      refused: [
        [0x6a86, 'a key of 17 bytes', send(0x46, 1, 17, establishment(own, root))],
        [0x6a80, 'for another device', ({ client }) => client.establishKek(1, 16, establishment(headend, root))],
        [0x6988, 'signed by another', ({ client }) => client.establishKek(1, 16, establishment(own, supplier))],
      ],
      allowed: ({ client }) => client.establishKek(1, 16, establishment(own, root)),
    },
    {
      command: 'SIGN',
      refused: [
        [0x6986, 'what begins like a statement of the card', ({ client }) => client.sign(1, fromAscii('GCC1'))],
      ],
      allowed: ({ client }) => client.sign(1, text),
    },
    {
      command: 'VERIFY',
      refused: [
        [
          0x6988,
          'by another party',
          ({ client }) => client.verify(SUPPLIER, text, sign(network.sign, new Uint8Array(0), text)),
        ],
      ],
      allowed: ({ client }) => client.verify(networkOperator, text, sign(network.sign, new Uint8Array(0), text)),
    },
    {
      command: 'VERIFY COMMAND',
      refused: [
        [
          0x6a80,
          'for another device',
          ({ client }) => client.verifyCommand(NOW, command({ payload, target: headend, macCounter: 1 })),
        ],
        [
          0x6986,
          'by a party that may not',
          ({ client }) =>
            client.verifyCommand(NOW, command({ payload, party: networkOperator, by: network, macCounter: 1 })),
        ],
        [
          0x6988,
          'signed by another',
          ({ client }) => client.verifyCommand(NOW, command({ payload, by: network, macCounter: 1 })),
        ],
        [
          0x6987,
          'too late',
          ({ client }) => client.verifyCommand(NOW, command({ payload, notAfter: NOW - 1, macCounter: 1 })),
        ],
      ],
      allowed: ({ client }) => client.verifyCommand(NOW, command({ payload, macCounter: 1 })),
    },
    {
      command: 'REDEEM TICKET',
      refused: [
        [
          0x6984,
          'VERIFY COMMAND a second time',
          ({ client }) => client.verifyCommand(NOW, command({ payload, macCounter: 2 })),
        ],
        [0x6985, 'SIGN RESPONSE before', ({ client }) => client.signResponse(0, NOW)],
        [0x6988, 'another ticket', ({ client }) => client.redeemTicket(new Uint8Array(8), payload)],
      ],
      prepare: withTicket,
      allowed: ({ client }) => client.redeemTicket(ticket, payload),
    },
    {
      command: 'SIGN RESPONSE',
      refused: [[0x6985, 'REDEEM TICKET a second time', ({ client }) => client.redeemTicket(ticket, payload)]],
      allowed: ({ client }) => client.signResponse(0, NOW),
    },
    {
      command: 'GRANT QUOTA',
      refused: [
        [
          0x6988,
          'signed by another',
          ({ client }) => client.grantQuota(NOW, concatBytes(grant, sign(supplier.sign, purposes.quotaGrant, grant))),
        ],
        [0x6a88, 'CONSUME QUOTA before', ({ client }) => client.consumeQuota(0, limiter, consume)],
      ],
      allowed: ({ client }) => client.grantQuota(NOW, granted),
    },
    {
      command: 'CONSUME QUOTA',
      refused: [
        [0x6984, 'GRANT QUOTA a second time', ({ client }) => client.grantQuota(NOW, granted)],
        [
          0x6986,
          'a meter that is not in the set',
          ({ client }) => client.consumeQuota(0, limiter, { ...consume, meter: headend }),
        ],
      ],
      allowed: ({ client }) => client.consumeQuota(0, limiter, consume),
    },
    {
      command: 'TOKEN',
      refused: [
        [0x6a84, 'CONSUME QUOTA, used up', ({ client }) => client.consumeQuota(0, limiter, consume)],
        [0x6988, 'a wrong one', ({ client }) => client.token(token.with(7, token[7]! ^ 1))],
      ],
      allowed: ({ client }) => client.token(token),
    },
    {
      command: 'LOG EXTEND',
      refused: [[0x6700, 'a byte too few', ({ client }) => client.extendLog(new Uint8Array(31))]],
      allowed: ({ client }) => client.extendLog(new Uint8Array(32)),
    },
    {
      command: 'LOG SEAL',
      refused: [[0x6700, 'a nonce of 7 bytes', ({ client }) => client.sealLog(NOW, new Uint8Array(7))]],
      allowed: ({ client }) => client.sealLog(NOW, new Uint8Array(8)),
    },
    {
      command: 'SET CREDENTIAL, new owner',
      refused: [
        [0x6a80, 'for another device', ({ client }) => client.setCredential(signedUpdate(headend, supplier))],
        [0x6988, 'signed by another', ({ client }) => client.setCredential(signedUpdate(own, network))],
      ],
      allowed: ({ client }) => client.setCredential(signedUpdate(own, supplier)),
    },
    {
      command: 'TAMPER, lock',
      refused: [[0x6a86, 'no such input', ({ client }) => client.tamper(8)]],
      allowed: ({ client }) => client.tamper(1),
    },
    {
      command: 'TAMPER, zeroise',
      refused: [[0x6983, 'SIGN while it is locked', ({ client }) => client.sign(1, text)]],
      allowed: ({ client }) => client.tamper(2),
    },
  ]
}
