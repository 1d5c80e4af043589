import { createPublicKey, verify } from 'node:crypto'
import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { CertificationRequest } from '@peculiar/asn1-csr'
import { AsnConvert } from '@peculiar/asn1-schema'
import { KeyUsageFlags } from '@peculiar/asn1-x509'
import { describe, expect, test } from 'vitest'
import {
  type AssociationConfig,
  type CertificateStore,
  type CosemData,
  cosem,
  DlmsError,
  isRefusal,
  memoryCertificateStore,
  SecuritySetupClient,
  type SecuritySuiteId,
  securityPolicy,
  securitySetupObject,
  type TransferKeyId,
} from '../src/index.ts'
import { createCertificateTool } from '../src/x509.ts'
import { testAuthority, titleName, year } from './certificates.ts'
import { clientTitle, serverTitle } from './sample-device.ts'
import { benchSlot, energy, energyValue, freshKeys, keyedModule, securedBench } from './secured-bench.ts'

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

const logicalName = '0.0.43.0.9.255'
const setupName = { classId: 64, logicalName }
const { authenticatedRequest, authenticatedResponse, everythingCiphered } = securityPolicy
const tool = createCertificateTool(nodeCrypto)
const nowMs = () => Date.parse('2026-06-15T00:00:00Z')

interface SetupOptions {
  readonly suite?: SecuritySuiteId
  readonly version?: 0 | 1
  readonly policy?: number
  readonly store?: CertificateStore
  readonly access?: AssociationConfig['access']
}

/** A meter with a security setup over its own module, and a client in association with it. */
async function setupBench({ suite = 0, version = 1, policy = everythingCiphered, store, access }: SetupOptions = {}) {
  const isUnproved = (policy & authenticatedResponse) === 0
  const fresh = freshKeys(suite)
  const keys = isUnproved
    ? {
        client: { ...fresh.client, allowsEncryptionOnly: true },
        server: { ...fresh.server, allowsEncryptionOnly: true },
      }
    : fresh
  const atServer = keyedModule(serverTitle, keys.server, 5)
  const inForce = { policy }
  const setup = securitySetupObject({
    logicalName,
    version,
    suite,
    policy: () => inForce.policy,
    activate: (stricter) => {
      inForce.policy = stricter
    },
    clientSystemTitle: clientTitle,
    serverSystemTitle: serverTitle,
    security: atServer.module,
    slot: benchSlot,
    ...(store && { certificates: { tool, store, nowMs } }),
  })
  const bench = securedBench({
    suite,
    association: {
      policy: () => inForce.policy,
      mechanism: suite === 0 ? 'hls-gmac' : 'hls-ecdsa',
      allowsUnauthenticated: isUnproved,
      ...(access && { access }),
    },
    client: { ciphering: { suite, policy, allowsUnauthenticated: isUnproved } },
    clientKeys: keys.client,
    objects: [setup],
    serverModule: atServer,
  })
  await bench.client.associate()
  const remote = new SecuritySetupClient({
    client: bench.client,
    logicalName,
    security: bench.atClient.module,
    slot: benchSlot,
  })
  return { ...bench, atServer, inForce, remote }
}

const attribute = (attributeIndex: number) => ({ ...setupName, attributeIndex })

describe('security_activate', () => {
  test.each([
    ['a weaker one', authenticatedRequest | authenticatedResponse],
    ['none', 0],
    ['one with a reserved bit', everythingCiphered | 1],
  ])('refuses %s', async (_name, policy) => {
    const { remote, inForce } = await setupBench()
    expect(await codeOf(remote.activate(policy))).toBe('DLMS_ACTION_REFUSED')
    expect(inForce.policy).toBe(everythingCiphered)
  })

  test('makes the policy stricter at once', async () => {
    const { client, remote } = await setupBench({ policy: authenticatedRequest | authenticatedResponse })
    expect(await client.get(attribute(2))).toEqual(cosem.enumeration(0x24))
    await remote.activate(everythingCiphered)
    expect(await codeOf(client.get(attribute(2)))).toBe('DLMS_EXCEPTION_RESPONSE')
  })

  test('speaks the enum of version 0 there', async () => {
    const { client, remote, inForce } = await setupBench({
      version: 0,
      policy: authenticatedRequest | authenticatedResponse,
    })
    expect(await client.get(attribute(2))).toEqual(cosem.enumeration(1))
    expect(await codeOf(remote.activate(4))).toBe('DLMS_ACTION_REFUSED')
    expect(await codeOf(client.get(attribute(6)))).toBe('DLMS_ACCESS_REFUSED')
    expect(await codeOf(remote.generateKeyPair('tls'))).toBe('DLMS_ACTION_REFUSED')
    await remote.activate(3)
    expect(inForce.policy).toBe(everythingCiphered)
  })
})

describe('key_transfer', () => {
  test.each<[string, (wrapped: Uint8Array) => [number, Uint8Array][]]>([
    ['a key with one bit wrong', (wrapped) => [[0, wrapped.with(9, wrapped[9]! ^ 1)]]],
    ['a key too short', (wrapped) => [[0, wrapped.slice(0, 16)]]],
    ['an unknown key id', (wrapped) => [[4, wrapped]]],
    [
      'one key twice',
      (wrapped) => [
        [0, wrapped],
        [0, wrapped],
      ],
    ],
    [
      'all when one is wrong',
      (wrapped) => [
        [2, wrapped],
        [0, wrapped.with(0, wrapped[0]! ^ 1)],
      ],
    ],
    ['nothing', () => []],
  ])('refuses %s and keeps the old keys', async (_name, dataOf) => {
    const { client, atServer } = await setupBench()
    const before = atServer.kept.keys
    const wrapped = nodeCrypto.aesKeyWrap(before.masterKey!, nodeCrypto.randomBytes(16))
    const data = dataOf(wrapped).map(([id, key]) => cosem.structure(cosem.enumeration(id), cosem.octetString(key)))
    expect(await codeOf(client.action({ ...setupName, methodIndex: 2 }, cosem.array(data)))).toBe('DLMS_ACTION_REFUSED')
    expect(await client.get(energy)).toEqual(energyValue)
    expect(atServer.kept.keys).toBe(before)
  })

  test.each<[SecuritySuiteId, readonly TransferKeyId[]]>([
    [0, [0]],
    [0, [0, 1, 2, 3]],
    [2, [2, 0]],
  ])('suite %i: keys %j are other ones at both ends, and the association goes on', async (suite, keyIds) => {
    const { client, remote, atClient, atServer } = await setupBench({ suite })
    const before = atServer.kept.keys
    await remote.transferKeys(keyIds)
    const names = ['blockCipherKey', 'broadcastKey', 'authenticationKey', 'masterKey'] as const
    for (const [keyId, name] of names.entries()) {
      expect(toHex(atClient.kept.keys[name]!)).toBe(toHex(atServer.kept.keys[name]!))
      const isSame = toHex(before[name]!) === toHex(atServer.kept.keys[name]!)
      expect(isSame, name).toBe(!keyIds.some((id) => id === keyId))
    }
    expect(await client.get(energy)).toEqual(energyValue)
    await client.release()
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
  })

  test('a refused transfer leaves the client its keys too', async () => {
    const { client, remote, atClient, atServer } = await setupBench()
    atServer.kept.keys = { ...atServer.kept.keys, masterKey: nodeCrypto.randomBytes(16) }
    const before = atClient.kept.keys
    expect(await codeOf(remote.transferKeys([0]))).toBe('DLMS_ACTION_REFUSED')
    expect(atClient.kept.keys).toBe(before)
    expect(await client.get(energy)).toEqual(energyValue)
  })

  test('in clear it is refused whatever the access rights say', async () => {
    const { client, atClient } = await setupBench({ policy: 0x24 })
    expect(atClient.kept.keys.masterKey).toBeDefined()
    const plain = securedBench({
      association: { mechanism: 'none', ciphered: false },
      objects: [
        securitySetupObject({
          logicalName,
          clientSystemTitle: clientTitle,
          serverSystemTitle: serverTitle,
          security: atClient.module,
          slot: benchSlot,
          activate: () => {
            throw new Error('activated')
          },
        }),
      ],
    })
    await plain.client.associate()
    for (const methodIndex of [1, 2, 3, 4, 5, 6, 7, 8]) {
      expect(await codeOf(plain.client.action({ ...setupName, methodIndex }, cosem.enumeration(0)))).toBe(
        'DLMS_ACTION_REFUSED',
      )
    }
    await client.release()
  })
})

describe('key_agreement', () => {
  test('suite 0 agrees on nothing', async () => {
    const { remote } = await setupBench()
    expect(await codeOf(remote.agreeOnKeys([0]))).toBe('DLMS_SECURITY_REFUSED')
  })

  test('an ephemeral key that is not signed by the client is refused', async () => {
    const { client, atClient, atServer } = await setupBench({ suite: 1 })
    const begun = await atClient.module.keyManagement!.beginAgreement(benchSlot, [0])
    if (isRefusal(begun)) throw new Error(begun.refused)
    const [datum] = begun
    const before = atServer.kept.keys
    for (const [keyId, at] of [
      [0, 0],
      [0, 64],
      [2, undefined],
    ] as const) {
      const wrong = Uint8Array.from(datum!.keyData)
      if (at !== undefined) wrong[at]! ^= 1
      const data = cosem.array([cosem.structure(cosem.enumeration(keyId), cosem.octetString(wrong))])
      expect(await codeOf(client.action({ ...setupName, methodIndex: 3 }, data))).toBe('DLMS_ACTION_REFUSED')
    }
    expect(atServer.kept.keys).toBe(before)
    expect(await client.get(energy)).toEqual(energyValue)
  })

  test.each<[SecuritySuiteId, readonly TransferKeyId[]]>([
    [1, [0]],
    [1, [0, 2, 3]],
    [2, [0, 1, 2, 3]],
  ])('suite %i: keys %j are computed alike by both ends', async (suite, keyIds) => {
    const { client, remote, atClient, atServer } = await setupBench({ suite })
    const before = atServer.kept.keys
    await remote.agreeOnKeys(keyIds)
    expect(toHex(atServer.kept.keys.blockCipherKey!)).not.toBe(toHex(before.blockCipherKey!))
    for (const name of ['blockCipherKey', 'broadcastKey', 'authenticationKey', 'masterKey'] as const) {
      expect(toHex(atClient.kept.keys[name]!)).toBe(toHex(atServer.kept.keys[name]!))
    }
    await client.release()
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
  })
})

describe('certificates', () => {
  const authority = testAuthority('Test CA')
  const strange = testAuthority('Test CA')
  const { digitalSignature, keyAgreement } = KeyUsageFlags
  const bench = () => setupBench({ suite: 1, store: memoryCertificateStore([authority.der]) })
  const someKey = freshKeys(1).server.signing!.peerPublicKey!

  test('are refused when nobody trusted signed them, when out of date, and when about another key', async () => {
    const { remote, atServer } = await bench()
    const own = { commonName: titleName(serverTitle), usage: digitalSignature }
    const publicKey = (await atServer.module.keyManagement!.publicKey(benchSlot, 'digital-signature')) as Uint8Array
    const genuine = authority.issue({ ...own, publicKey })
    for (const der of [
      strange.issue({ ...own, publicKey }),
      genuine.with(genuine.length - 1, genuine.at(-1)! ^ 1),
      authority.issue({ ...own, publicKey, validUntil: new Date('2026-06-14T00:00:00Z') }),
      authority.issue({ ...own, publicKey, validFrom: new Date('2026-06-16T00:00:00Z') }),
      authority.issue({ ...own, publicKey: someKey }),
      authority.issue({ ...own, publicKey, usage: 0x20 }),
      strange.der,
      fromHex('3000'),
      new Uint8Array(0),
    ]) {
      expect(await codeOf(remote.importCertificate(der))).toBe('DLMS_ACTION_REFUSED')
    }
    await remote.importCertificate(genuine)
    expect(year.from.getTime()).toBeLessThan(nowMs())
  })

  test.each(['digital-signature', 'key-agreement', 'tls'] as const)(
    'a request for %s names the meter and is signed by a fresh key',
    async (purpose) => {
      const { remote, client } = await setupBench({ suite: 2, store: memoryCertificateStore([authority.der]) })
      if (purpose === 'tls') expect(await codeOf(remote.requestCertificate(purpose))).toBe('DLMS_ACTION_REFUSED')
      await remote.generateKeyPair(purpose)
      const der = await remote.requestCertificate(purpose)
      const request = AsnConvert.parse(der, CertificationRequest)
      const { subject, subjectPKInfo } = request.certificationRequestInfo
      expect([...subject][0]![0]!.value.toString()).toBe(toHex(serverTitle))
      // OpenSSL has the last word.
      const key = createPublicKey({
        key: Buffer.from(AsnConvert.serialize(subjectPKInfo)),
        format: 'der',
        type: 'spki',
      })
      const octets = Buffer.from(AsnConvert.serialize(request.certificationRequestInfo))
      expect(verify('sha384', octets, key, Buffer.from(request.signature))).toBe(true)
      expect(client.isAssociated).toBe(true)
    },
  )

  test('the whole way: request, issue, import, list, export, remove', async () => {
    const { client, remote, atServer } = await bench()
    const request = AsnConvert.parse(await remote.requestCertificate('key-agreement'), CertificationRequest)
    const point = new Uint8Array(request.certificationRequestInfo.subjectPKInfo.subjectPublicKey)
    const forMeter = authority.issue({
      commonName: titleName(serverTitle),
      publicKey: point.slice(1),
      usage: keyAgreement,
    })
    await remote.importCertificate(forMeter)
    const forReader = authority.issue({
      commonName: titleName(clientTitle),
      publicKey: someKey,
      usage: keyAgreement,
      serial: 0x7f,
    })
    await remote.importCertificate(forReader)
    expect(atServer.kept.keys.agreement?.peerPublicKey).toEqual(someKey)
    const list = await client.get(attribute(6))
    const rows = list.type === 'array' ? list.value.map((row) => (row.type === 'structure' ? row.value : [])) : []
    expect(rows.map(([entity, type]) => [entity, type])).toEqual([
      [cosem.enumeration(2), cosem.enumeration(3)],
      [cosem.enumeration(0), cosem.enumeration(1)],
      [cosem.enumeration(1), cosem.enumeration(1)],
    ])
    const meter = { by: 'entity', entity: 'server', type: 'key-agreement', systemTitle: serverTitle } as const
    expect(await remote.exportCertificate(meter)).toEqual(forMeter)
    const issuer = tool.read(authority.der)!.subject
    const reader = { by: 'serial', serialNumber: Uint8Array.of(0x7f), issuer } as const
    expect(await remote.exportCertificate(reader)).toEqual(forReader)
    await remote.removeCertificate(reader)
    expect(await codeOf(remote.exportCertificate(reader))).toBe('DLMS_ACTION_REFUSED')
    const last = {
      by: 'entity',
      entity: 'certification-authority',
      type: 'other',
      systemTitle: new Uint8Array(0),
    } as const
    expect(await codeOf(remote.removeCertificate(last))).toBe('DLMS_ACTION_REFUSED')
  })

  test('a new certificate for the same takes the place of the old', async () => {
    const { remote, client } = await bench()
    const reader = { commonName: titleName(clientTitle), publicKey: someKey, usage: keyAgreement }
    await remote.importCertificate(authority.issue(reader))
    await remote.importCertificate(authority.issue(reader))
    expect(await client.get(attribute(6))).toMatchObject({ value: { length: 2 } })
  })

  test('parameters of other shapes are refused', async () => {
    const { client } = await bench()
    const shapes = [
      undefined,
      cosem.nullData,
      cosem.enumeration(9),
      cosem.structure(cosem.enumeration(0)),
      cosem.array([]),
    ]
    for (const methodIndex of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const parameter of shapes) {
        expect(await codeOf(client.action({ ...setupName, methodIndex }, parameter))).toBe('DLMS_ACTION_REFUSED')
      }
    }
  })
})

describe('each method of class 64', () => {
  const authority = testAuthority('Test CA')
  const octets = (length: number) => cosem.octetString(new Uint8Array(length))
  const last = {
    by: 'entity',
    entity: 'certification-authority',
    type: 'other',
    systemTitle: new Uint8Array(0),
  } as const
  const { signedRequest } = securityPolicy
  /** What makes it happen, and a parameter that is refused though its shape is right. */
  const methods: readonly (readonly [
    number,
    string,
    (bench: Awaited<ReturnType<typeof setupBench>>) => Promise<unknown>,
    CosemData,
  ])[] = [
    [1, 'security_activate', ({ remote }) => remote.activate(everythingCiphered | signedRequest), cosem.enumeration(0)],
    [2, 'key_transfer', ({ remote }) => remote.transferKeys([0]), keyDatum(24)],
    [3, 'key_agreement', ({ remote }) => remote.agreeOnKeys([0]), keyDatum(128)],
    [4, 'generate_key_pair', ({ remote }) => remote.generateKeyPair('key-agreement'), cosem.enumeration(3)],
    [
      5,
      'generate_certificate_request',
      ({ remote }) => remote.requestCertificate('digital-signature'),
      cosem.enumeration(2),
    ],
    [6, 'import_certificate', ({ remote }) => remote.importCertificate(authority.der), octets(100)],
    [7, 'export_certificate', ({ remote }) => remote.exportCertificate(last), unknownCertificate()],
    [8, 'remove_certificate', ({ remote }) => remote.removeCertificate(named()), unknownCertificate()],
  ]
  const other = testAuthority('Other CA')
  const named = () => ({ by: 'serial', serialNumber: Uint8Array.of(1), issuer: tool.read(other.der)!.subject }) as const

  function keyDatum(length: number): CosemData {
    return cosem.array([cosem.structure(cosem.enumeration(0), octets(length))])
  }
  function unknownCertificate(): CosemData {
    return cosem.structure(cosem.enumeration(1), cosem.structure(octets(1), octets(3)))
  }

  test.each(methods)('%i %s is done when it is allowed', async (_index, _name, act) => {
    await act(await setupBench({ suite: 1, store: memoryCertificateStore([authority.der, other.der]) }))
  })

  test.each(methods)(
    '%i %s is refused when what it asks for cannot be',
    async (methodIndex, _name, _act, parameter) => {
      const { client } = await setupBench({ suite: 1, store: memoryCertificateStore([authority.der]) })
      expect(await codeOf(client.action({ ...setupName, methodIndex }, parameter))).toBe('DLMS_ACTION_REFUSED')
    },
  )

  test.each(methods)(
    '%i %s is refused without the right to it, and without authentication',
    async (methodIndex, _name, act) => {
      const store = memoryCertificateStore([authority.der, other.der])
      const without = await setupBench({
        suite: 1,
        store,
        access: (_object, index, kind) => kind !== 'invoke' || index !== methodIndex,
      })
      expect(await codeOf(act(without))).toBe('DLMS_ACTION_REFUSED')
      expect(without.events.some(({ kind }) => kind === 'access-denied')).toBe(true)
      const encryptedOnly = securityPolicy.encryptedRequest | securityPolicy.encryptedResponse
      const unproved = await setupBench({ suite: 1, store, policy: encryptedOnly })
      expect(await codeOf(act(unproved))).toBe('DLMS_ACTION_REFUSED')
      expect(await store.list()).toHaveLength(2)
    },
  )
})
