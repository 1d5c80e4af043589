import { fromHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type AssociationConfig,
  type CosemObject,
  DlmsClient,
  type DlmsClientOptions,
  type DlmsServerOptions,
  type KeySet,
  memoryCounterStore,
  type SecuritySuiteId,
  SoftwareSecurityModule,
} from '../src/index.ts'
import { inProcessTransport, type Tampering } from './in-process.ts'
import { clientTitle, sampleDevice, serverTitle } from './sample-device.ts'

// Both ends of one association with fresh keys of any suite, for the tests of the security layer.

export const benchSlot = 3
const saps = { clientSap: 1, serverSap: 1 }

/** One end's key set; the other end's is its mirror image. */
export function freshKeys(suite: SecuritySuiteId): { readonly client: KeySet; readonly server: KeySet } {
  const keyBytes = suite === 2 ? 32 : 16
  const shared = {
    suite,
    blockCipherKey: nodeCrypto.randomBytes(keyBytes),
    authenticationKey: nodeCrypto.randomBytes(keyBytes),
    broadcastKey: nodeCrypto.randomBytes(keyBytes),
    masterKey: nodeCrypto.randomBytes(keyBytes),
    hlsSecret: nodeCrypto.randomBytes(16),
  }
  const pairOf = () => {
    const domain = ecDomain(suite === 2 ? 'P-384' : 'P-256')
    const privateKey = nodeCrypto.generateEcPrivateKey(domain)
    return { privateKey, publicKey: nodeCrypto.ecPublicKey(domain, privateKey).slice(1) }
  }
  if (suite === 0) {
    return {
      client: { ...shared, peerSystemTitle: serverTitle },
      server: { ...shared, peerSystemTitle: clientTitle },
    }
  }
  const [signing, agreement] = [[pairOf(), pairOf()] as const, [pairOf(), pairOf()] as const]
  const end = (own: 0 | 1, peerSystemTitle: Uint8Array): KeySet => {
    const other = own === 0 ? 1 : 0
    return {
      ...shared,
      signing: { privateKey: signing[own].privateKey, peerPublicKey: signing[other].publicKey },
      agreement: { privateKey: agreement[own].privateKey, peerPublicKey: agreement[other].publicKey },
      peerSystemTitle,
    }
  }
  return { client: end(0, serverTitle), server: end(1, clientTitle) }
}

/** A module whose keys can be changed, over a counter store that stays. */
export function keyedModule(systemTitle: Uint8Array, keys: KeySet, send = 0) {
  const kept = { keys }
  const module = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle,
    slots: (slot) => (slot === benchSlot ? kept.keys : undefined),
    storeKeys: (_slot, changes) => {
      kept.keys = { ...kept.keys, ...changes }
    },
    counters: memoryCounterStore({ [benchSlot]: { send } }),
  })
  return { module, kept }
}

export interface SecuredBenchOptions {
  readonly suite?: SecuritySuiteId
  readonly association?: Partial<AssociationConfig>
  readonly client?: Partial<DlmsClientOptions>
  readonly server?: Partial<DlmsServerOptions>
  readonly clientKeys?: Partial<KeySet>
  readonly serverKeys?: Partial<KeySet>
  readonly tampering?: Tampering
  /** Instead of a fresh one. */
  readonly serverModule?: ReturnType<typeof keyedModule>
  readonly objects?: readonly CosemObject[]
}

export function securedBench(options: SecuredBenchOptions = {}) {
  const { suite = 0 } = options
  const keys = freshKeys(suite)
  const atClient = keyedModule(clientTitle, { ...keys.client, ...options.clientKeys }, 1000)
  const atServer = options.serverModule ?? keyedModule(serverTitle, { ...keys.server, ...options.serverKeys }, 5)
  const association: AssociationConfig = {
    name: 'secured',
    ...saps,
    mechanism: 'hls-gmac',
    ciphered: true,
    slot: benchSlot,
    suite,
    access: () => true,
    ...options.association,
  }
  const device = sampleDevice(
    { associations: [association], security: atServer.module, ...options.server },
    options.objects,
  )
  const transport = inProcessTransport(device.server, saps, options.tampering)
  const client = new DlmsClient({
    transport,
    mechanism: association.mechanism,
    security: atClient.module,
    slot: benchSlot,
    serverSystemTitle: serverTitle,
    ...(association.ciphered && { ciphering: { suite } }),
    ...options.client,
  })
  return { ...device, association, transport, client, atClient, atServer }
}

export const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
export const energyValue = { type: 'double-long-unsigned', value: 4711 } as const
export const writable = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
export const loadProfile = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
export const disconnect = { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }
export const genericRefusal = fromHex('D80103')
