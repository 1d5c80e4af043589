import { fromAscii, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type CipheringOptions,
  type CosemObject,
  cosem,
  DlmsError,
  emitApdu,
  isRefusal,
  type MechanismName,
  parseApdu,
  requestProtections,
  responseProtections,
  type SecuritySuiteId,
  securityPolicy,
  selectEntries,
  suffices,
} from '../src/index.ts'
import { FrameProtection } from '../src/security/frame-protection.ts'
import { clientTitle, serverTitle } from './sample-device.ts'

import {
  benchSlot,
  disconnect,
  energy,
  energyValue,
  genericRefusal,
  keyedModule,
  loadProfile,
  type SecuredBenchOptions,
  securedBench,
  writable,
} from './secured-bench.ts'

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

const signedBothWays = securityPolicy.everythingCiphered | securityPolicy.signedRequest | securityPolicy.signedResponse
const oneBitWrong = (octets: Uint8Array) => octets.with(octets.length - 1, octets.at(-1)! ^ 1)
const mirrored = { allowsBrokenHashes: true }

/** What a captured answer was protected with; a reader with fresh counters looks at it. */
async function openedBy({ atClient }: ReturnType<typeof securedBench>, apdu: Uint8Array): Promise<{ applied: number }> {
  const { module } = keyedModule(clientTitle, atClient.kept.keys)
  const protection = new FrameProtection({
    security: module,
    slot: benchSlot,
    peerSystemTitle: serverTitle,
    suite: atClient.kept.keys.suite,
    required: () => 0,
  })
  const opened = await protection.unprotect(apdu)
  if (isRefusal(opened)) throw new Error(opened.refused)
  return opened
}

/** Everything an association is for. */
async function exercise(options: SecuredBenchOptions): Promise<ReturnType<typeof securedBench>> {
  const bench = securedBench(options)
  const { client, isConnected, written } = bench
  await client.associate()
  expect(await client.get(energy)).toEqual(energyValue)
  expect(await client.get(loadProfile, selectEntries({ first: 1, last: 200 }))).toMatchObject({
    type: 'array',
    value: { length: 200 },
  })
  expect((await client.getWithList([{ attribute: energy }, { attribute: writable }])).map(({ ok }) => ok)).toEqual([
    true,
    true,
  ])
  const value = cosem.octetString(fromAscii('x'.repeat(3000)))
  await client.set(writable, value)
  expect(written).toEqual([value])
  await client.action(disconnect, cosem.integer(0))
  expect(isConnected()).toBe(false)
  expect(await client.access([{ service: 'get', attribute: energy }])).toEqual([{ ok: true, data: energyValue }])
  await client.release()
  return bench
}

describe('mechanisms', () => {
  test.each<MechanismName>(['hls-md5', 'hls-sha1'])('%s is offered by nobody who was not told so', (mechanism) => {
    const server = { association: { mechanism }, client: mirrored }
    expect(() => securedBench(server)).toThrow(expect.objectContaining({ code: 'DLMS_CONFIGURATION' }))
    const client = { association: { mechanism }, server: mirrored }
    expect(() => securedBench(client)).toThrow(expect.objectContaining({ code: 'DLMS_CONFIGURATION' }))
  })

  test('hls-ecdsa needs suite 1 or 2', () => {
    expect(() => securedBench({ association: { mechanism: 'hls-ecdsa' } })).toThrow(
      expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
    )
  })

  const cases: readonly (readonly [MechanismName, SecuritySuiteId, ciphered: boolean])[] = [
    ['none', 0, true],
    ['lls', 0, true],
    ['lls', 0, false],
    ['hls', 0, false],
    ['hls', 1, true],
    ['hls-md5', 0, false],
    ['hls-sha1', 0, true],
    ['hls-gmac', 0, false],
    ['hls-gmac', 1, true],
    ['hls-gmac', 2, true],
    ['hls-sha256', 0, false],
    ['hls-sha256', 2, true],
    ['hls-ecdsa', 1, true],
    ['hls-ecdsa', 2, true],
  ]
  const optionsOf = (mechanism: MechanismName, suite: SecuritySuiteId, ciphered: boolean): SecuredBenchOptions => ({
    suite,
    association: { mechanism, ciphered, password: () => fromAscii('12345678') },
    client: { ciphering: ciphered ? { suite } : false, password: fromAscii('12345678'), ...mirrored },
    server: { ...mirrored, allowsPasswordsInClear: true },
  })

  const hls = cases.filter(([mechanism]) => mechanism.startsWith('hls'))
  test.each(hls)('%s, suite %i, ciphered %s: a wrong proof of either end is refused', async (...parts) => {
    const [mechanism, suite] = parts
    const options = optionsOf(...parts)
    // The keys that prove are other ones; those that cipher are right.
    const other = securedBench({ suite }).atClient.kept.keys
    const wrong =
      mechanism === 'hls-ecdsa'
        ? { signing: { privateKey: other.signing!.privateKey!, peerPublicKey: other.signing!.peerPublicKey! } }
        : { hlsSecret: other.hlsSecret! }
    if (mechanism !== 'hls-gmac') {
      const { client, events } = securedBench({ ...options, clientKeys: wrong })
      expect(await codeOf(client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
      expect(events.map(({ kind }) => kind)).toEqual(['hls-failed'])
    }
    const last = (apdu: Uint8Array, exchange: number) => (exchange === 1 && !parts[2] ? oneBitWrong(apdu) : apdu)
    if (parts[2]) return
    const atServer = securedBench({ ...options, tampering: { request: last } })
    expect(await codeOf(atServer.client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
    expect(atServer.events.map(({ kind }) => kind)).toEqual(['hls-failed'])
    expect(toHex(atServer.transport.exchanges[1]!.response)).toBe(toHex(genericRefusal))
    const atClient = securedBench({ ...options, tampering: { response: last } })
    expect(await codeOf(atClient.client.associate())).toBe('DLMS_AUTHENTICATION_FAILED')
    expect(atClient.client.isAssociated).toBe(false)
  })

  test.each(cases)('%s, suite %i, ciphered %s', async (...parts) => {
    const { events } = await exercise(optionsOf(...parts))
    expect(events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
  })

  test.each<MechanismName>(['hls', 'hls-md5', 'hls-sha1', 'hls-sha256'])(
    '%s: our own challenge sent back is refused, and not answered',
    async (mechanism) => {
      let sent = new Uint8Array(0)
      const bench = securedBench({
        ...optionsOf(mechanism, 0, false),
        tampering: {
          request: (apdu, exchange) => {
            const aarq = exchange === 0 ? parseApdu(apdu) : undefined
            if (aarq?.kind === 'aarq') sent = Uint8Array.from(aarq.authenticationValue!)
            return apdu
          },
          response: (apdu) => {
            const aare = parseApdu(apdu)
            if (aare.kind !== 'aare') return apdu
            const at = toHex(apdu).indexOf(toHex(aare.authenticationValue!)) / 2
            const reflected = Uint8Array.from(apdu)
            reflected.set(sent, at)
            return reflected
          },
        },
      })
      expect(await codeOf(bench.client.associate())).toBe('DLMS_AUTHENTICATION_FAILED')
      expect(bench.transport.exchanges).toHaveLength(1)
    },
  )

  test('a challenge that is a service is not answered: the token would be a message of ours', async () => {
    // GET of the clock, and octets after it up to the length of the challenge.
    const service = 'C001C100080000010000FF0200EEEEEE'
    const bench = securedBench({
      tampering: {
        response: (apdu, exchange) => {
          const aare = exchange === 0 ? parseApdu(apdu) : undefined
          if (aare?.kind !== 'aare') return apdu
          const at = toHex(apdu).indexOf(toHex(aare.authenticationValue!)) / 2
          const crafted = Uint8Array.from(apdu)
          crafted.set(Buffer.from(service, 'hex'), at)
          return crafted
        },
      },
    })
    expect(await codeOf(bench.client.associate())).toBe('DLMS_AUTHENTICATION_FAILED')
    expect(bench.transport.exchanges).toHaveLength(1)
  })
})

describe('ciphering', () => {
  const forms: readonly (readonly [name: string, suite: SecuritySuiteId, CipheringOptions, tag: string])[] = [
    ['glo', 0, {}, 'C8'],
    ['glo', 1, {}, 'C8'],
    ['glo', 2, {}, 'C8'],
    ['ded', 0, { dedicatedKey: true }, 'D0'],
    ['ded', 2, { dedicatedKey: true }, 'D0'],
    ['general-glo', 0, { form: 'general' }, 'DB'],
    ['general-ded', 1, { form: 'general', dedicatedKey: true }, 'DC'],
    ['general-ciphering, unicast key', 0, { form: 'general-ciphering' }, 'DD'],
    ['general-ciphering, wrapped key', 0, { form: 'general-ciphering', key: 'wrapped' }, 'DD'],
    ['general-ciphering, wrapped key', 2, { form: 'general-ciphering', key: 'wrapped' }, 'DD'],
    ['general-ciphering, one-pass', 1, { form: 'general-ciphering', key: 'one-pass' }, 'DD'],
    ['general-ciphering, one-pass', 2, { form: 'general-ciphering', key: 'one-pass' }, 'DD'],
    ['general-ciphering, static', 1, { form: 'general-ciphering', key: 'static' }, 'DD'],
    ['general-ciphering, static', 2, { form: 'general-ciphering', key: 'static' }, 'DD'],
    ['general-signing around glo', 1, { policy: signedBothWays }, 'DF'],
    ['general-signing around ded', 2, { policy: signedBothWays, dedicatedKey: true }, 'DF'],
    ['general-signing as Gurux does', 1, { policy: signedBothWays, signedForm: 'content-without-length' }, 'DF'],
    [
      'general-signing around one-pass',
      1,
      { policy: signedBothWays, form: 'general-ciphering', key: 'one-pass' },
      'DF',
    ],
  ]
  const optionsOf = (suite: SecuritySuiteId, ciphering: CipheringOptions): SecuredBenchOptions => ({
    suite,
    association: {
      mechanism: suite === 0 ? 'hls-gmac' : 'hls-ecdsa',
      ...(ciphering.policy !== undefined && { policy: ciphering.policy }),
      ...(ciphering.signedForm && { signedForm: ciphering.signedForm }),
    },
    client: { ciphering: { suite, ...ciphering } },
  })

  test.each(forms)('%s, suite %i: any bit changed is refused, by either end', async (_name, suite, ciphering) => {
    for (let bit = 0; bit < 8 * 60; bit += suite === 0 ? 31 : 111) {
      const change = (apdu: Uint8Array, exchange: number) => {
        if (exchange !== 2) return apdu
        const changed = Uint8Array.from(apdu)
        // From the end, where content, tag and signature are, to the header in front.
        const at = changed.length - 1 - ((bit * 5) % changed.length)
        changed[at]! ^= 1 << (bit & 7)
        return changed
      }
      const request = securedBench({ ...optionsOf(suite, ciphering), tampering: { request: change } })
      await request.client.associate()
      expect(await codeOf(request.client.get(energy)), `request, bit ${bit}`).toBe('DLMS_EXCEPTION_RESPONSE')
      expect(toHex(request.transport.exchanges.at(-1)!.response)).toMatch(/^D80(103|202)$/)
      const response = securedBench({ ...optionsOf(suite, ciphering), tampering: { response: change } })
      await response.client.associate()
      expect(await codeOf(response.client.get(energy)), `response, bit ${bit}`).toMatch(/^DLMS_/)
    }
  })

  test.each(forms)('%s, suite %i: a request sent again is refused', async (_name, suite, ciphering) => {
    let first: Uint8Array | undefined
    const bench = securedBench({
      ...optionsOf(suite, ciphering),
      tampering: {
        request: (apdu, exchange) => {
          if (exchange === 2) first = apdu
          return exchange === 3 ? first! : apdu
        },
      },
    })
    await bench.client.associate()
    expect(await bench.client.get(energy)).toEqual(energyValue)
    expect(await codeOf(bench.client.get(energy))).toBe('DLMS_EXCEPTION_RESPONSE')
    expect(bench.events.at(-1)).toMatchObject({ kind: 'counter-replayed' })
    expect(toHex(bench.transport.exchanges.at(-1)!.response)).toBe(toHex(genericRefusal))
  })

  test.each(forms)('%s, suite %i', async (_name, suite, ciphering, tag) => {
    const { transport } = await exercise(optionsOf(suite, ciphering))
    expect(toHex(transport.exchanges[2]!.request.slice(0, 1))).toBe(tag)
    expect(transport.exchanges[2]!.response[0]).not.toBe(0xc4)
  })

  test('a replayed association cannot use the general-ciphering messages of an older one', async () => {
    const options = optionsOf(1, { form: 'general-ciphering', key: 'one-pass' })
    const bench = securedBench(options)
    await bench.client.associate()
    await bench.client.get(energy)
    const old = bench.transport.exchanges[2]!.request
    await bench.client.associate()
    const answer = await bench.transport.send(old)
    expect(toHex(answer)).toBe(toHex(genericRefusal))
    expect(bench.events.at(-1)).toMatchObject({ kind: 'counter-replayed' })
  })

  test.each<[string, SecuritySuiteId, CipheringOptions]>([
    ['wrapped', 0, { key: 'wrapped' }],
    ['one-pass', 1, { key: 'one-pass' }],
    ['static', 2, { key: 'static' }],
  ])('a key that is %s is told once and holds for the association, suite %i', async (_name, suite, ciphering) => {
    const kept = { form: 'general-ciphering', keepsKey: true, ...ciphering } as const
    const options = optionsOf(suite, kept)
    const strict = securedBench(options)
    expect(await codeOf(strict.client.associate())).not.toBe('DLMS_ASSOCIATION_REFUSED')
    expect(await codeOf(strict.client.get(energy))).toMatch(/^DLMS_(EXCEPTION_RESPONSE|NOT_ASSOCIATED)$/)
    const bench = await exercise({ ...options, association: { ...options.association, keepsGeneralKey: true } })
    const frames = bench.transport.exchanges.slice(1, -1).flatMap(({ request, response }) => [request, response])
    const told = frames.map((frame) => {
      const apdu = parseApdu(frame)
      return apdu.kind === 'general-ciphering' ? apdu.keyInfo?.kind : apdu.kind
    })
    expect(told[0]).toBe(suite === 0 ? 'wrapped-key' : 'agreed-key')
    expect(new Set(told.slice(1))).toEqual(new Set([undefined]))
    // Of an association before nothing is left.
    await bench.client.associate()
    const stolen = frames.at(-2)!
    expect(toHex(await bench.transport.send(stolen))).toBe(toHex(genericRefusal))
  })

  test('a request without key information is refused where no key was told, and where none is kept', async () => {
    const options = optionsOf(0, { form: 'general-ciphering', key: 'unicast' })
    for (const keepsGeneralKey of [false, true]) {
      const bench = securedBench({
        ...options,
        association: { ...options.association, keepsGeneralKey },
        tampering: {
          request: (apdu, exchange) => {
            const frame = parseApdu(apdu)
            return exchange === 2 && frame.kind === 'general-ciphering'
              ? emitApdu({ ...frame, keyInfo: undefined })
              : apdu
          },
        },
      })
      await bench.client.associate()
      expect(await codeOf(bench.client.get(energy))).toBe('DLMS_EXCEPTION_RESPONSE')
      expect(bench.events.at(-1)).toMatchObject({ reason: keepsGeneralKey ? 'unknown-key' : 'unsupported' })
    }
    expect(() => securedBench({ client: { ciphering: { form: 'general-ciphering', keepsKey: true } } })).toThrow(
      expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
    )
  })

  test.each(['glo', 'general-glo', 'general-ciphering'])('a compressed APDU is refused both ways: %s', async (form) => {
    const compress = (apdu: Uint8Array) => {
      const frame = parseApdu(apdu)
      return 'securityControl' in frame ? emitApdu({ ...frame, securityControl: frame.securityControl | 0x80 }) : apdu
    }
    const at = (exchange: number, apdu: Uint8Array) => (exchange === 2 ? compress(apdu) : apdu)
    const ciphering = {
      form: form === 'glo' ? 'service' : form === 'general-glo' ? 'general' : 'general-ciphering',
    } as const
    const server = securedBench({ client: { ciphering }, tampering: { request: (apdu, n) => at(n, apdu) } })
    await server.client.associate()
    expect(await codeOf(server.client.get(energy))).toBe('DLMS_EXCEPTION_RESPONSE')
    expect(server.events.at(-1)).toMatchObject({ kind: 'decryption-failed', reason: 'unsupported' })
    const client = securedBench({ client: { ciphering }, tampering: { response: (apdu, n) => at(n, apdu) } })
    await client.client.associate()
    await expect(client.client.get(energy)).rejects.toMatchObject({ code: 'DLMS_SECURITY_REFUSED' })
    expect(client.client.isAssociated).toBe(false)
  })

  test('compression is refused as such', async () => {
    const { atServer, atClient } = securedBench()
    const plaintext = new Uint8Array(13)
    const protect = { slot: 3, securityControl: 0xb0, plaintext }
    expect(await atClient.module.protect(protect)).toEqual({ refused: 'unsupported' })
    const frame = { slot: 3, securityControl: 0xb0, invocationCounter: 2000, body: new Uint8Array(30) }
    expect(await atServer.module.unprotect({ ...frame, peerSystemTitle: clientTitle })).toEqual({
      refused: 'unsupported',
    })
  })

  test('the broadcast key is taken only where it was allowed, and never answered with', async () => {
    const options: SecuredBenchOptions = { client: { ciphering: { form: 'general-ciphering', key: 'broadcast' } } }
    const strict = securedBench(options)
    expect(await codeOf(strict.client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
    const open = securedBench({ ...options, association: { allowsBroadcastKey: true } })
    await open.client.associate()
    expect(await open.client.get(energy)).toEqual(energyValue)
    const { request, response } = open.transport.exchanges[2]!
    expect(parseApdu(request)).toMatchObject({ securityControl: 0x70, keyInfo: { kind: 'identified-key', keyId: 1 } })
    expect(parseApdu(response)).toMatchObject({ securityControl: 0x30, keyInfo: { kind: 'identified-key', keyId: 0 } })
  })
})

describe('policy', () => {
  const { authenticatedRequest, authenticatedResponse, encryptedRequest, encryptedResponse } = securityPolicy
  const authenticated = authenticatedRequest | authenticatedResponse
  const encrypted = encryptedRequest | encryptedResponse

  test('an association without authentication is not offered, nor asked for, unless told so', () => {
    expect(() => securedBench({ association: { policy: encrypted } })).toThrow(
      expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
    )
    expect(() => securedBench({ client: { ciphering: { policy: encrypted } } })).toThrow(
      expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
    )
  })

  test.each([
    ['authenticated only', authenticated, undefined],
    ['encrypted only', encrypted, true],
    ['nothing', 0, true],
  ])('weaker requests than the policy are refused: %s', async (_name, policy, allowsUnauthenticated) => {
    const { client, events } = securedBench({
      client: { ciphering: { policy, ...(allowsUnauthenticated && { allowsUnauthenticated }) } },
      clientKeys: { allowsEncryptionOnly: true },
      serverKeys: { allowsEncryptionOnly: true },
    })
    expect(await codeOf(client.associate())).toBe('DLMS_ASSOCIATION_REFUSED')
    expect(events).toHaveLength(1)
  })

  test('a request without the signature it needs is refused', async () => {
    const { client } = securedBench({ suite: 1, association: { policy: signedBothWays } })
    await client.associate()
    expect(await codeOf(client.get(energy))).toBe('DLMS_EXCEPTION_RESPONSE')
  })

  test('a weaker answer than the client asks for is refused', async () => {
    const { client } = securedBench({
      suite: 1,
      client: { ciphering: { suite: 1, policy: securityPolicy.everythingCiphered | securityPolicy.signedResponse } },
    })
    await client.associate()
    expect(await codeOf(client.get(energy))).toBe('DLMS_UNPROTECTED_RESPONSE')
  })

  test('a stricter answer than was asked for is taken', async () => {
    const policy = authenticated | encryptedResponse
    const { transport } = await exercise({
      association: { policy },
      client: { ciphering: { policy: authenticated } },
    })
    expect(parseApdu(transport.exchanges[2]!.request)).toMatchObject({ securityControl: 0x10 })
    expect(parseApdu(transport.exchanges[2]!.response)).toMatchObject({ securityControl: 0x30 })
  })

  test.each([
    ['authenticated only', authenticated, 0x10],
    ['encrypted only', encrypted, 0x20],
    ['nothing at all', 0, undefined],
  ])('%s, both ways, where it was agreed', async (_name, policy, control) => {
    const { transport } = await exercise({
      association: { policy, allowsUnauthenticated: true },
      client: { ciphering: { policy, allowsUnauthenticated: true } },
      clientKeys: { allowsEncryptionOnly: true },
      serverKeys: { allowsEncryptionOnly: true },
    })
    const { request, response } = transport.exchanges[2]!
    if (control === undefined) expect([request[0], response[0]]).toEqual([0xc0, 0xc4])
    else {
      expect(parseApdu(request)).toMatchObject({ kind: 'glo-ciphered', securityControl: control })
      expect(parseApdu(response)).toMatchObject({ kind: 'glo-ciphered', securityControl: control })
    }
  })

  test('a policy that gets stricter counts from the next request on', async () => {
    const policy = { now: authenticated }
    const bench = securedBench({
      association: { policy: () => policy.now },
      client: { ciphering: { policy: authenticated } },
    })
    await bench.client.associate()
    expect(await bench.client.get(energy)).toEqual(energyValue)
    policy.now = authenticated | encrypted
    expect(await codeOf(bench.client.get(energy))).toBe('DLMS_EXCEPTION_RESPONSE')
  })
})

describe('protection of single attributes and methods', () => {
  const { authenticatedRequest, encryptedRequest, signedRequest, authenticatedResponse, encryptedResponse } =
    securityPolicy
  const policy = authenticatedRequest | authenticatedResponse
  const bench = (required: number, suite: SecuritySuiteId = 0) =>
    securedBench({
      suite,
      association: {
        policy,
        protection: (object, index, kind) =>
          (object.logicalName === energy.logicalName && index === 2) || kind === 'invoke' ? required : 0,
      },
      client: { ciphering: { suite, policy } },
    })

  test.each([
    ['encryption', encryptedRequest, 0],
    ['a signature', signedRequest, 1],
  ] as const)('a request without the %s its object needs is refused, others are served', async (_name, bits, suite) => {
    const { client, events, isConnected } = bench(bits, suite)
    await client.associate()
    expect(await codeOf(client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    expect(await codeOf(client.action(disconnect, cosem.integer(0)))).toBe('DLMS_ACTION_REFUSED')
    expect(isConnected()).toBe(true)
    expect(events.filter(({ kind }) => kind === 'access-denied')).toHaveLength(2)
    expect(await client.get({ ...energy, attributeIndex: 3 })).toMatchObject({ type: 'structure' })
    expect((await client.getWithList([{ attribute: energy }, { attribute: writable }])).map(({ ok }) => ok)).toEqual([
      false,
      true,
    ])
  })

  const bits = Object.entries(securityPolicy).filter(([name]) => name !== 'everythingCiphered')
  const isOfRequest = (bit: number) => requestProtections(bit) !== 0

  test.each(bits)('%s: of each bit the request has or has not, the answer always', async (_name, bit) => {
    const suite = 1
    const base = authenticatedRequest | authenticatedResponse
    const need = (object: CosemObject, index: number) =>
      object.logicalName === energy.logicalName && index === 2 ? bit : 0
    /** The client gives this much, and takes any answer. */
    const client = (policy: number) =>
      securedBench({
        suite,
        association: { policy: base, protection: need },
        client: { ciphering: { suite, policy } },
      })
    const given = client(base | (isOfRequest(bit) ? bit : 0))
    await given.client.associate()
    expect(await given.client.get(energy)).toEqual(energyValue)
    const answer = await openedBy(given, given.transport.exchanges.at(-1)!.response)
    expect(suffices(answer.applied, responseProtections(bit))).toBe(true)
    if (!isOfRequest(bit) || bit === authenticatedRequest) return
    const missing = client(base)
    await missing.client.associate()
    expect(await codeOf(missing.client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    expect(missing.events.at(-1)).toMatchObject({ kind: 'access-denied' })
    // Other attributes are as free as before.
    expect(await missing.client.get({ ...energy, attributeIndex: 3 })).toMatchObject({ type: 'structure' })
  })

  test('authenticatedRequest: what is only encrypted is not enough', async () => {
    const policy = encryptedRequest | encryptedResponse
    const bench = securedBench({
      association: {
        mechanism: 'none',
        policy,
        allowsUnauthenticated: true,
        protection: (object) => (object.logicalName === energy.logicalName ? authenticatedRequest : 0),
      },
      client: { mechanism: 'none', ciphering: { policy, allowsUnauthenticated: true } },
      clientKeys: { allowsEncryptionOnly: true },
      serverKeys: { allowsEncryptionOnly: true },
    })
    await bench.client.associate()
    expect(await codeOf(bench.client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    expect(await bench.client.get(writable)).toEqual(cosem.nullData)
  })

  test('an answer is protected as its object needs it, block by block', async () => {
    const association = { policy, protection: () => encryptedResponse }
    const { client, transport } = securedBench({ association, client: { ciphering: { policy } } })
    await client.associate()
    await client.get(loadProfile, selectEntries({ first: 1, last: 200 }))
    const controls = transport.exchanges.slice(2).map(({ response }) => {
      const frame = parseApdu(response)
      return 'securityControl' in frame ? frame.securityControl : undefined
    })
    expect(controls.length).toBeGreaterThan(3)
    expect(new Set(controls)).toEqual(new Set([0x30]))
  })

  test('an answer is signed where its object needs it', async () => {
    const { client, transport } = securedBench({
      suite: 1,
      association: {
        policy,
        protection: (object, index) =>
          object.logicalName === energy.logicalName && index === 2 ? securityPolicy.signedResponse : 0,
      },
      client: { ciphering: { suite: 1, policy } },
    })
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
    expect(transport.exchanges.at(-1)!.response[0]).toBe(0xdf)
    await client.get({ ...energy, attributeIndex: 3 })
    expect(transport.exchanges.at(-1)!.response[0]).toBe(0xcc)
  })
})
