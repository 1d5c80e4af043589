import { readFileSync } from 'node:fs'
import { fromAscii, fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { KeyUsageFlags } from '@peculiar/asn1-x509'
import { describe, expect, test } from 'vitest'
import {
  type AssociationCertificates,
  type CertificateTrust,
  certificateFault,
  DlmsError,
  memoryCertificateStore,
  parseAare,
  parseAarq,
  type SecuritySuiteId,
  securityPolicy,
} from '../src/index.ts'
import { createCertificateTool } from '../src/x509.ts'
import { type TestAuthority, testAuthority, titleName } from './certificates.ts'
import { clientTitle, serverTitle } from './sample-device.ts'
import { energy, energyValue, freshKeys, securedBench } from './secured-bench.ts'

const tool = createCertificateTool(nodeCrypto)
const nowMs = () => Date.parse('2026-06-15T00:00:00Z')
const { digitalSignature, keyAgreement, keyCertSign, cRLSign } = KeyUsageFlags

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

const trustIn = (authorities: readonly TestAuthority[], more: Partial<CertificateTrust> = {}): CertificateTrust => ({
  tool,
  store: memoryCertificateStore(authorities.map(({ der }) => der)),
  nowMs,
  ...more,
})

describe('what a certificate is believed by', () => {
  const root = testAuthority('Root')
  const middle = root.authority('Middle', { serial: 40 })
  const issuing = middle.authority('Issuing', { serial: 41 })
  const publicKey = freshKeys(1).server.signing!.peerPublicKey!
  const meter = { commonName: titleName(serverTitle), publicKey, usage: digitalSignature, serial: 7 }
  const faultOf = (authority: TestAuthority, trust: CertificateTrust, subject: Partial<typeof meter> & object = {}) =>
    certificateFault(tool.read(authority.issue({ ...meter, ...subject }))!, trust)

  test('three authorities above it, when all are there', async () => {
    expect(await faultOf(issuing, trustIn([root, middle, issuing]))).toBeUndefined()
    for (const some of [[middle, issuing], [root, issuing], [root, middle], [issuing], []]) {
      expect(await faultOf(issuing, trustIn(some))).toBe('no trusted authority above it')
    }
  })

  test('not by another of the same name, nor by who may not sign', async () => {
    expect(await faultOf(issuing, trustIn([testAuthority('Root'), middle, issuing]))).toBe(
      'no trusted authority above it',
    )
    const revoker = root.authority('Revoker', { usage: cRLSign })
    expect(await faultOf(revoker, trustIn([root, revoker]))).toBe('no trusted authority above it')
    const signer = root.authority('Signer', { usage: keyCertSign })
    expect(await faultOf(signer, trustIn([root, signer]))).toBeUndefined()
  })

  test('not past a path length, nor past five authorities', async () => {
    const last = root.authority('Last', { pathLength: 0 })
    expect(await faultOf(last, trustIn([root, last]))).toBeUndefined()
    const beyond = last.authority('Beyond')
    expect(await faultOf(beyond, trustIn([root, last, beyond]))).toBe('no trusted authority above it')
    const chain = [root]
    for (const name of ['1', '2', '3', '4', '5']) chain.push(chain.at(-1)!.authority(name))
    expect(await faultOf(chain[4]!, trustIn(chain))).toBeUndefined()
    expect(await faultOf(chain[5]!, trustIn(chain))).toBe('no trusted authority above it')
  })

  test('not when an authority is out of date', async () => {
    const old = root.authority('Old', { validUntil: new Date('2026-06-14T00:00:00Z') })
    expect(await faultOf(old, trustIn([root, old]))).toBe('not valid now')
  })

  test('not when revoked, itself or an authority, even by a list out of date', async () => {
    const all = [root, middle, issuing]
    const revoked = (...lists: Uint8Array[]) => trustIn(all, { revocationLists: () => lists })
    expect(await faultOf(issuing, revoked(issuing.revoke([7])))).toBe('revoked')
    expect(await faultOf(issuing, revoked(issuing.revoke([8, 9])))).toBeUndefined()
    expect(await faultOf(issuing, revoked(root.revoke([40])))).toBe('revoked')
    const old = { issued: new Date('2026-02-01T00:00:00Z'), next: new Date('2026-03-01T00:00:00Z') }
    expect(await faultOf(issuing, revoked(issuing.revoke([7], old)))).toBe('revoked')
  })

  test('a list of another signer, of one who may not revoke, or damaged is nothing', async () => {
    const all = [root, middle, issuing]
    const revoked = (...lists: Uint8Array[]) => trustIn(all, { revocationLists: () => lists })
    const genuine = issuing.revoke([7])
    const damaged = genuine.with(genuine.length - 1, genuine.at(-1)! ^ 1)
    expect(
      await faultOf(issuing, revoked(testAuthority('Issuing').revoke([7]), damaged, fromAscii('x'))),
    ).toBeUndefined()
    const signer = root.authority('Signer', { usage: keyCertSign })
    const trust = trustIn([root, signer], { revocationLists: () => [signer.revoke([7])] })
    expect(await faultOf(signer, trust)).toBeUndefined()
  })

  test('lists of today of every issuer, where they are needed', async () => {
    const all = [root, middle, issuing]
    const needing = (...lists: Uint8Array[]) =>
      trustIn(all, { needsRevocationLists: true, revocationLists: () => lists })
    const [ofIssuing, ofMiddle, ofRoot] = [issuing.revoke([]), middle.revoke([]), root.revoke([])]
    expect(await faultOf(issuing, needing(ofIssuing, ofMiddle, ofRoot))).toBeUndefined()
    expect(await faultOf(issuing, needing(ofIssuing, ofRoot))).toBe('no revocation list of today')
    const old = issuing.revoke([], { next: new Date('2026-06-14T00:00:00Z') })
    expect(await faultOf(issuing, needing(old, ofMiddle, ofRoot))).toBe('no revocation list of today')
  })

  test('what OpenSSL made and judges so', async () => {
    const made = JSON.parse(readFileSync(new URL('./data/openssl-chain.json', import.meta.url), 'utf8')) as Record<
      'root' | 'sub' | 'leaf' | 'revoked' | 'list',
      string
    >
    const store = memoryCertificateStore([fromHex(made.root), fromHex(made.sub)])
    const lists = () => [fromHex(made.list)]
    const faultAt = (der: string, year: number) =>
      certificateFault(tool.read(fromHex(der))!, {
        tool,
        store,
        nowMs: () => Date.UTC(year, 11, 31),
        revocationLists: lists,
      })
    expect(await faultAt(made.leaf, 2027)).toBeUndefined()
    expect(await faultAt(made.revoked, 2027)).toBe('revoked')
    expect(await faultAt(made.leaf, 2200)).toBe('not valid now')
  })

  test('nothing with a critical extension that nobody here knows', () => {
    expect(tool.read(root.issue({ ...meter, criticalExtension: '1.2.3.4' }))).toBeUndefined()
    expect(tool.read(root.issue(meter))).toMatchObject({ isAuthority: false, mayRevoke: false })
  })
})

describe('certificates in AARQ and AARE', () => {
  const root = testAuthority('Root')
  const issuing = root.authority('Issuing')
  const signedBothWays =
    securityPolicy.everythingCiphered | securityPolicy.signedRequest | securityPolicy.signedResponse

  interface Ends {
    readonly suite?: SecuritySuiteId
    readonly trust?: CertificateTrust
    /** What the certificates are about, instead of the true keys. */
    readonly subject?: Partial<Parameters<TestAuthority['issue']>[0]>
    readonly at?: 'client' | 'server'
    readonly isRequired?: boolean
    readonly isSent?: boolean
  }

  /** Two ends that know of each other's signing keys only by certificates. */
  function bench({
    suite = 1,
    trust = trustIn([root, issuing]),
    subject = {},
    at,
    isRequired,
    isSent = true,
  }: Ends = {}) {
    const keys = freshKeys(suite)
    const issued = (commonName: string, end: 'client' | 'server'): Uint8Array =>
      issuing.issue({
        commonName,
        publicKey: keys[end === 'client' ? 'server' : 'client'].signing!.peerPublicKey!,
        usage: digitalSignature,
        ...(end === at && subject),
      })
    const own = { client: issued(titleName(clientTitle), 'client'), server: issued(titleName(serverTitle), 'server') }
    const certificates = (end: 'client' | 'server'): AssociationCertificates => ({
      ...((isSent || end !== at) && { own: own[end] }),
      trust,
      ...(isRequired !== undefined && { isRequired }),
    })
    const unknown = { peerPublicKey: undefined }
    const secured = securedBench({
      suite,
      association: {
        mechanism: 'hls-ecdsa',
        policy: signedBothWays,
        certificates: certificates('server'),
        implementationInformation: fromAscii('meter 1.2'),
      },
      client: {
        ciphering: { suite, policy: signedBothWays },
        certificates: certificates('client'),
        acse: { implementationInformation: fromAscii('reader'), calledApInvocationId: 5 },
      },
      clientKeys: { ...keys.client, signing: { ...keys.client.signing!, ...unknown } },
      serverKeys: { ...keys.server, signing: { ...keys.server.signing!, ...unknown } },
    })
    return { ...secured, own }
  }

  test.each<[string, Ends, fault: string]>([
    ['that nobody trusted', { trust: trustIn([testAuthority('Root'), issuing]) }, 'no trusted authority above it'],
    ['of another title', { subject: { commonName: '4752430000000099' } }, 'of another system title'],
    ['for another purpose', { subject: { usage: keyAgreement } }, 'of another purpose'],
    ['out of date', { subject: { validUntil: new Date('2026-06-14T00:00:00Z') } }, 'not valid now'],
    ['that is missing', { isSent: false, isRequired: true }, 'no certificate'],
    ['on another curve', { subject: { publicKey: freshKeys(2).client.signing!.peerPublicKey! } }, 'of another suite'],
  ])('one %s opens no association', async (_name, ends, fault) => {
    const server = bench({ ...ends, at: 'client' })
    expect(await codeOf(server.client.associate())).toBe('DLMS_ASSOCIATION_REFUSED')
    expect(server.events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['association-refused', `certificate: ${fault}`],
    ])
    if (ends.trust !== undefined) return
    const client = bench({ ...ends, at: 'server' })
    await expect(client.client.associate()).rejects.toMatchObject({
      code: 'DLMS_AUTHENTICATION_FAILED',
      message: `the certificate of the server: ${fault}`,
    })
  })

  test('one about a key that the peer does not have fails its proof', async () => {
    const subject = { publicKey: freshKeys(1).client.signing!.peerPublicKey! }
    const { client, events } = bench({ subject, at: 'client' })
    expect(await codeOf(client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
    expect(events.map(({ kind }) => kind)).toEqual(['hls-failed'])
  })

  test.each<SecuritySuiteId>([1, 2])('suite %i: proofs and signatures count by them, both ways', async (suite) => {
    const { client, own, transport, events } = bench({ suite, isRequired: true })
    const info = await client.associate()
    expect(info.serverCertificate).toEqual(own.server)
    expect(info.implementationInformation).toEqual(fromAscii('meter 1.2'))
    expect(await client.get(energy)).toEqual(energyValue)
    await client.release()
    expect(events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
    const { request, response } = transport.exchanges[0]!
    expect(parseAarq(request)).toMatchObject({
      aeQualifier: own.client,
      implementationInformation: fromAscii('reader'),
      calledApInvocationId: 5,
    })
    expect(parseAare(response)).toMatchObject({ aeQualifier: own.server })
  })

  test('without one, and none needed, the keys in the slots count', async () => {
    const { client } = securedBench({
      suite: 1,
      association: { mechanism: 'hls-ecdsa', certificates: { trust: trustIn([root]) } },
      client: { certificates: { trust: trustIn([root]) } },
    })
    expect((await client.associate()).serverCertificate).toBeUndefined()
  })

  test('suite 0 has none, and who requires one needs something to judge it by', () => {
    const refused = expect.objectContaining({ code: 'DLMS_CONFIGURATION' })
    expect(() => securedBench({ association: { certificates: {} } })).toThrow(refused)
    expect(() => securedBench({ client: { certificates: {} } })).toThrow(refused)
    expect(() => securedBench({ suite: 1, client: { certificates: { isRequired: true } } })).toThrow(refused)
  })
})
