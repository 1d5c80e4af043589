import { concatBytes } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { type IotSafeClient, iotSafeBlocks, iotSafeEnd } from '../../src/index.ts'
import { byId, done, id, plan, pskValue, text } from './iot-safe-bench.ts'
import { rfc6979 } from './iot-safe-vectors.ts'

type Act = (client: IotSafeClient) => Promise<unknown>

/** Each block of the plan, then the end. */
export const personalisationScript: readonly (readonly [string, Act])[] = [
  ...iotSafeBlocks(plan).map((block, index): readonly [string, Act] => [
    `block ${index}, ${block[0]!.toString(16)}`,
    async (client) => done(await client.storeData([block])),
  ]),
  ['end', async (client) => done(await client.storeData([iotSafeEnd]))],
]

const domain = ecDomain('P-256')
const peer = nodeCrypto.ecPublicKey(domain, nodeCrypto.generateEcPrivateKey(domain))
const message = text('sample')

/** What is done with a card in use, each command once: those that the README tells writes of. */
export const operationScript: readonly (readonly [string, Act])[] = [
  ['GET RANDOM', async (client) => done(await client.random(32))],
  ['GET DATA', async (client) => done(await client.objects())],
  ['READ PUBLIC KEY', async (client) => done(await client.readPublicKey(byId(1)))],
  ['READ FILE', async (client) => done(await client.readFilePart(byId(2), 0))],
  ['GENERATE KEY PAIR, persistent', async (client) => done(await client.generateKeyPair(byId(5)))],
  ['GENERATE KEY PAIR, volatile', async (client) => done(await client.generateKeyPair(byId(3)))],
  ['PUT PUBLIC KEY, persistent', async (client) => done(await client.putPublicKey(byId(2), peer))],
  ['PUT PUBLIC KEY, volatile', async (client) => done(await client.putPublicKey({ label: text('peer') }, peer))],
  ['COMPUTE SIGNATURE', async (client) => done(await client.sign(byId(1), { text: message }))],
  [
    'VERIFY SIGNATURE',
    async (client) => done(await client.verify(byId(9), { text: message }, rfc6979.signatures.sha256)),
  ],
  ['COMPUTE DH', async (client) => done(await client.computeDh(byId(3), { id: id(4) }))],
  ['COMPUTE PRF', async (client) => done(await client.computePrf({ secret: pskValue }, concatBytes(message), 48))],
  ['COMPUTE HKDF', async (client) => done(await client.hkdfExtract({ secret: pskValue }))],
]
