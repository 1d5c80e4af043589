import { concatBytes, fromHex } from '@gridcard/bytes'
import type { NvStore } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  commandClasses,
  emitCredentialUpdate,
  emitQuotaGrant,
  keyIds,
  type MeteringClient,
  meterSetTree,
  nextGeneration,
  partyCells,
  purposes,
  tokenHead,
  tokenMacInput,
} from '../../src/index.ts'
import {
  command,
  kek,
  makeParty,
  NOW,
  network,
  own,
  prepayKey,
  publicKeyOf,
  require,
  seal,
  sign,
  supplier,
} from './metering-bench.ts'

class PowerCut extends Error {}

/** Memory that loses its power after a number of writes; of the next one nothing arrives, or its first half. */
export class CuttingStore implements NvStore {
  readonly bytes: Uint8Array
  writes = 0
  bytesWritten = 0
  cutAt = Number.POSITIVE_INFINITY
  torn = false

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice()
  }

  read = () => this.bytes.slice()

  write(offsetBytes: number, part: Uint8Array): void {
    if (this.writes === this.cutAt) {
      if (this.torn) this.bytes.set(part.subarray(0, part.length >> 1), offsetBytes)
      throw new PowerCut()
    }
    this.writes++
    this.bytesWritten += part.length
    this.bytes.set(part, offsetBytes)
  }
}

const text = fromHex('C0010000080000010000FF0200')
const payload = fromHex('0102030405')
const meters = [own]
const tree = meterSetTree(meters, (bytes) => nodeCrypto.sha256(bytes))
const nextKey = nodeCrypto.randomBytes(16)
const next = makeParty('4752435355503032')

const grant = emitQuotaGrant({
  target: own,
  party: partyCells.networkOperator,
  index: 0,
  commandClass: commandClasses.limiter,
  counter: 1n,
  notBefore: NOW,
  notAfter: NOW + 100,
  count: 2,
  root: tree.root,
})
const head = tokenHead({ counter: 1n, class: 1, amount: 7 })
const mac = tokenMacInput({ issuer: supplier.entity, target: own, counter: 1n, head })
const update = emitCredentialUpdate({
  target: own,
  party: partyCells.supplier,
  newOwner: true,
  counter: 1n,
  entries: [
    { cell: 2, counterFloor: 9n, entity: next.entity, use: 'sign', publicKey: publicKeyOf(next.sign) },
    { cell: 2, counterFloor: 9n, entity: next.entity, use: 'agree', publicKey: publicKeyOf(next.agree) },
  ],
})

/** Every command that changes something in operation, in an order in which each succeeds. */
export const operationScript: readonly (readonly [string, (client: MeteringClient) => Promise<unknown>])[] = [
  ['PROTECT', async (client) => require(await client.protect(0, 0x30, text))],
  [
    'UNPROTECT',
    async (client) =>
      require(await client.unprotect(0, 0x30, 4, seal({ slot: 0, control: 0x30, counter: 4, plaintext: text }))),
  ],
  ['HLS ANSWER', async (client) => require(await client.hlsAnswer(0, new Uint8Array(16)))],
  ['GENERATE KEY PAIR', async (client) => require(await client.generateKeyPair(1, 'sign'))],
  ['ACTIVATE KEY PAIR', async (client) => require(await client.activateKeyPair(1, 'sign'))],
  [
    'UNWRAP KEY',
    async (client) =>
      require(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: nodeCrypto.aesKeyWrap(kek, nextKey) }])),
  ],
  [
    'UNPROTECT, first under the next key',
    async (client) => {
      const body = seal({ slot: 0, control: 0x30, counter: 4, plaintext: text, key: nextKey })
      require(await client.unprotect(nextGeneration, 0x30, 4, body))
    },
  ],
  ['VERIFY COMMAND', async (client) => require(await client.verifyCommand(NOW, command({ payload, macCounter: 1 })))],
  [
    'GRANT QUOTA',
    async (client) =>
      require(await client.grantQuota(NOW, concatBytes(grant, sign(network.sign, purposes.quotaGrant, grant)))),
  ],
  [
    'CONSUME QUOTA',
    async (client) =>
      require(await client.consumeQuota(0, commandClasses.limiter, { now: NOW, meter: own, proof: tree.proof(0) })),
  ],
  [
    'TOKEN',
    async (client) =>
      require(
        await client.token(
          concatBytes(head, nodeCrypto.gcmSeal(prepayKey, mac.iv, mac.aad, new Uint8Array(0), 16).slice(-4)),
        ),
      ),
  ],
  ['LOG EXTEND', async (client) => require(await client.extendLog(new Uint8Array(32)))],
  [
    'SET CREDENTIAL, new owner',
    async (client) =>
      require(await client.setCredential(concatBytes(update, sign(supplier.sign, purposes.credentialUpdate, update)))),
  ],
  ['TAMPER, lock', async (client) => require(await client.tamper(1))],
  ['TAMPER, zeroise', async (client) => require(await client.tamper(2))],
]
