import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain, scp03CMac, scp11SessionKeys, scp11SharedInfo } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { reopen } from './gp-card.ts'
import { byte, GpHost, lv } from './gp-host.ts'
import { gpProfile } from './gp-profiles.ts'
import certificates from './scp11-certificates.json' with { type: 'json' }

// What yubikit (yubikey-manager at 2026-05-21) sends with these private keys, and the receipts it expects.
const domain = ecDomain('P-256')
const key = (n: number) => new Uint8Array(32).fill(n)
const [hostEphemeral, hostStatic, cardStatic, cardEphemeral] = [key(0x11), key(0x22), key(0x33), key(0x44)]
const publicOf = (secret: Uint8Array) => nodeCrypto.ecPublicKey(domain, secret)
const VECTORS = {
  a: { header: '80820111', parameter: '01', receipt: '6D009D7C3596BABB7290FC50B794B7FD' },
  b: { header: '80880113', parameter: '00', receipt: '2FE94859AFF3948ECE18CA6035B674BA' },
  // By yubikit's formulas with Python's cryptography 48: what the card answers there is its static key.
  c: { header: '80820115', parameter: '03', receipt: 'DE7D78F781C503409CD505BBF9E08E86' },
} as const
type Variant = keyof typeof VECTORS
const authority = key(0x55)

/** Only the ephemeral key of the card is fixed. */
const crypto: CryptoProvider = { ...nodeCrypto, generateEcPrivateKey: () => cardEphemeral.slice() }

interface CertificateOptions {
  readonly point?: Uint8Array
  readonly signer?: Uint8Array
  /** Tag 95. */
  readonly usage?: string
  readonly subject?: string
  readonly extra?: Uint8Array
}

/** A host certificate of GlobalPlatform's form. */
function certificate(o: CertificateOptions = {}): Uint8Array {
  const { point = publicOf(hostStatic), signer = authority, usage = '0080', subject = 'AABB' } = o
  const body = concatBytes(
    emitTlv(0x93, fromHex('01')),
    emitTlv(0x42, fromHex('1234')),
    emitTlv(0x5f20, fromHex(subject)),
    emitTlv(0x95, fromHex(usage)),
    emitTlv(0x5f24, fromHex('20990101')),
    o.extra ?? new Uint8Array(),
    emitTlv(0x7f49, concatBytes(emitTlv(0xb0, point), emitTlv(0xf0, fromHex('00')))),
  )
  const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
  const signature = nodeCrypto.createEcdsaSigner(scheme, signer).sign(body)
  return emitTlv(0x7f21, concatBytes(body, emitTlv(0x5f37, signature)))
}

/** A card with the keys of all variants, and of the host's authority. */
function scp11Card(i = 0x07): GpHost {
  const secureChannels = [
    { protocol: 3, i: 0x70 },
    { protocol: 0x11, i },
  ]
  const card = Card.create({ profile: gpProfile({ secureChannels }), crypto })
  card.powerOn()
  const host = reopen(new GpHost(card))
  const sealed = nodeCrypto.aesCbcEncrypt(host.dek, new Uint8Array(16), cardStatic)
  for (const id of [0x11, 0x13, 0x15]) {
    expect(host.send(0xd8, 0, id, `02B121${'20'}${toHex(sealed)}F0010000`)).toBe('029000')
  }
  const point = toHex(publicOf(authority))
  expect(host.send(0xd8, 0, 0x10, `02B041${point}F0010000`)).toBe('029000')
  // Whose domain it is, so that the host of these tests is its owner.
  expect(host.send(0xe2, 0x90, 0, '5F2002AABB')).toBe('9000')
  host.select()
  return host
}

const control = (parameter: string, usage = '3C') => `A60D9002${'11'}${parameter}9501${usage}800188810110`
const authentication = (variant: Variant, usage?: string) =>
  `${control(VECTORS[variant].parameter, usage)}5F4941${toHex(publicOf(hostEphemeral))}`

function authenticate(host: GpHost, variant: Variant, data = authentication(variant)): string {
  const header = VECTORS[variant].header.replace(/^(....)01/, '$102')
  return host.raw(`${header}${lv(fromHex(data))}00`)
}

function present(host: GpHost, bytes = certificate(), p2 = 0x10): string {
  let at = 0
  for (; at + 200 < bytes.length; at += 200) {
    expect(host.raw(`802A82${byte(p2)}${lv(bytes.slice(at, at + 200))}`)).toBe('9000')
  }
  return host.raw(`802A02${byte(p2)}${lv(bytes.slice(at))}`)
}

describe('SCP11', () => {
  it.each(['a', 'c'] as const)("%s is refused without the host's certificate", (variant) => {
    expect(authenticate(scp11Card(), variant)).toBe('6985')
  })

  it('refuses certificates of somebody else, of no use, and broken ones', () => {
    const host = scp11Card()
    expect(present(host, certificate({ signer: key(0x66) }))).toBe('6600')
    expect(present(host, certificate(), 0x0f)).toBe('6A88')
    expect(present(host, certificate().slice(0, -1))).toBe('6A80')
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it('refuses a variant that the domain does not offer, keys it does not have, and points that are none', () => {
    const host = scp11Card(0x02)
    present(host)
    expect(authenticate(host, 'a')).toBe('6985')
    expect(host.raw(`80880113${lv(fromHex(authentication('b')))}00`)).toBe('6A88')
    const noPoint = `${control('00')}5F494104${'00'.repeat(64)}`
    expect(authenticate(host, 'b', noPoint)).toBe('6A80')
    expect(authenticate(host, 'b')).toMatch(/9000$/)
  })

  it.each(['a', 'b', 'c'] as const)('%s gives the receipt that yubikit expects', (variant) => {
    const host = scp11Card()
    if (variant !== 'b') expect(present(host)).toBe('9000')
    const response = authenticate(host, variant)
    const answered = variant === 'c' ? cardStatic : cardEphemeral
    expect(response).toBe(`5F4941${toHex(publicOf(answered))}8610${VECTORS[variant].receipt}9000`)
  })

  it('authenticates the host in a and c, and only the card in b', () => {
    for (const [variant, status] of [
      ['a', '9000'],
      ['b', '6982'],
      ['c', '9000'],
    ] as const) {
      const host = scp11Card()
      if (variant !== 'b') present(host)
      const send = session(host, variant)
      const answer = send('F28002', '4F00')
      expect(answer.slice(-4)).toBe(status)
      if (status === '9000') expect(answer.startsWith('E3')).toBe(true)
    }
  })

  it('a host that is not the provider of the domain is known, and no more: nothing that asks for the owner', () => {
    for (const subject of ['AABC', '', 'AABB00']) {
      const host = scp11Card()
      expect(present(host, certificate({ subject }))).toBe('9000')
      expect(session(host, 'a')('F28002', '4F00')).toBe('6982')
    }
  })

  it('c may be played again, so it changes no key and no state, and is open once', () => {
    const host = scp11Card()
    present(host)
    const send = session(host, 'c')
    expect(send('D80001', '01')).toBe('6985')
    expect(send('F08007', '')).toBe('6985')
    expect(send('E40000', 'D20102')).toBe('6985')
    host.raw('0070000001')
    host.channel = 1
    expect(host.select()).toMatch(/9000$/)
    host.channel = 0
    const bytes = certificate()
    expect(host.raw(`812A0210${lv(bytes)}`)).toBe('9000')
    expect(host.raw(`81820215${lv(fromHex(authentication('c')))}00`)).toBe('6985')
  })

  it('levels of scripts are for c alone, and identifiers are refused where none go into the keys', () => {
    for (const usage of ['1C', '74']) {
      const host = scp11Card()
      present(host)
      expect(authenticate(host, 'a', authentication('a', usage))).toBe('6A80')
      present(host)
      expect(authenticate(host, 'c', authentication('c', usage))).toMatch(/9000$/)
    }
    const host = scp11Card()
    const data = authentication('b').replace('A60D', 'A611').replace('810110', '81011084020102')
    expect(authenticate(host, 'b', data)).toBe('6A80')
  })

  it('a key for applications is not one for the domain itself', () => {
    const host = scp11Card()
    reopen(host)
    const sealed = toHex(nodeCrypto.aesCbcEncrypt(host.dek, new Uint8Array(16), cardStatic))
    for (const [version, access] of [
      ['03', '02'],
      ['04', '01'],
    ]) {
      const field = `FFB121${'20'}${sealed}FFF001000001${'80'}01${access}`
      expect(host.send(0xd8, 0, 0x13, `${version}${field}`)).toBe(`${version}9000`)
    }
    host.select()
    expect(host.raw(`80880313${lv(fromHex(authentication('b')))}00`)).toBe('6985')
    expect(host.raw(`80880413${lv(fromHex(authentication('b')))}00`)).toMatch(/9000$/)
  })
})

/** Commands with a C-MAC in a session that `authenticate` opened. @returns header and data in hex to the answer */
function session(host: GpHost, variant: Variant): (header: string, data: string) => string {
  const usage = '34'
  const answer = authenticate(host, variant, authentication(variant, usage))
  expect(answer).toMatch(/9000$/)
  const secret = variant === 'b' ? hostEphemeral : hostStatic
  const cardPoint = publicOf(variant === 'c' ? cardStatic : cardEphemeral)
  const keys = scp11SessionKeys(nodeCrypto, {
    hash: 'sha256',
    ephemeralSecret: nodeCrypto.ecdh(domain, hostEphemeral, cardPoint),
    staticSecret: nodeCrypto.ecdh(domain, secret, publicOf(cardStatic)),
    sharedInfo: scp11SharedInfo({ keyUsage: 0x34, keyType: 0x88, keyLengthBytes: 16 }),
    keyLengthBytes: 16,
  })
  const data = fromHex(authentication(variant, usage))
  let chaining = nodeCrypto.aesCmac(keys.receipt, concatBytes(data, emitTlv(0x5f49, cardPoint)))
  return (header, body) => {
    const command = fromHex(`84${header}${byte(body.length / 2 + 8)}${body}`)
    chaining = scp03CMac(nodeCrypto, keys.mac, chaining, command)
    return host.raw(`${toHex(command)}${toHex(chaining.slice(0, 8))}00`)
  }
}

describe("a chain of GlobalPlatform's own certificates", () => {
  const intermediate = { point: publicOf(key(0x66)), usage: '82' }
  const more = 0x90

  it('goes over an authority to the host', () => {
    const host = scp11Card()
    expect(present(host, certificate(intermediate), more)).toBe('9000')
    expect(present(host, certificate({ signer: key(0x66) }))).toBe('9000')
    expect(authenticate(host, 'a')).toMatch(/9000$/)
  })

  it.each([
    ['a key for agreement signs no other', { ...intermediate, usage: '0080' }],
    ['nor does one for both', { ...intermediate, usage: '8280' }],
    ['nor one for nothing', { ...intermediate, usage: '00' }],
  ])('%s', (_, first) => {
    const host = scp11Card()
    expect(present(host, certificate(first), more)).toBe('6600')
    expect(present(host, certificate({ signer: key(0x66) }))).toBe('6600')
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it("an authority's key is none for agreement", () => {
    const host = scp11Card()
    expect(present(host, certificate({ usage: '82' }))).toBe('6600')
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it('authorizations are not for this card, and nothing stands twice', () => {
    const host = scp11Card()
    expect(present(host, certificate({ extra: fromHex('BF2000') }))).toBe('6A81')
    expect(present(host, certificate({ extra: fromHex('95020080') }))).toBe('6A80')
    expect(authenticate(host, 'a')).toBe('6985')
  })
})

// Made with Python's cryptography 48, by the keys above; the names say what is in them.
describe('X.509 certificates', () => {
  const x509 = (name: keyof typeof certificates) => fromHex(certificates[name])
  const presentAll = (host: GpHost, names: readonly (keyof typeof certificates)[]) => {
    return names.map((name, i) => present(host, x509(name), i < names.length - 1 ? 0x90 : 0x10))
  }

  it.each([
    ['hostWithoutUsage', '6600'],
    ['hostThatSigns', '6600'],
    ['hostForSignatures', '6600'],
    ['hostThatIsCa', '6600'],
    ['hostWithUnknownCritical', '6600'],
    ['hostWithOtherPolicy', '6600'],
    ['hostWithAuthorizations', '6A81'],
    ['hostOfAuthority', '6600'],
    ['authority', '6600'],
  ] as const)('%s is refused', (name, status) => {
    const host = scp11Card()
    expect(present(host, x509(name))).toBe(status)
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it.each([
    ['the host as an authority', ['hostAsSigner', 'endOfEnd']],
    ['an authority without basic constraints', ['authorityWithoutConstraints', 'hostOfAuthority']],
    ['one that says it is none', ['authorityNotCa', 'hostOfAuthority']],
    ['one without key usage', ['authorityWithoutUsage', 'hostOfAuthority']],
    ['one whose policy is that of hosts', ['authorityForHosts', 'hostOfAuthority']],
    ['one whose key also agrees', ['authorityForBoth', 'hostOfAuthority']],
  ] as const)('%s is refused in the middle of a chain', (_, names) => {
    const host = scp11Card()
    expect(presentAll(host, names)).toEqual(['6600', '6600'])
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it('a path is as long as its authorities allow, and each name is that of the one before', () => {
    const host = scp11Card()
    expect(presentAll(host, ['authorityPath0', 'secondAuthority', 'hostOfSecond'])).toEqual(['9000', '6600', '6600'])
    expect(presentAll(host, ['authority', 'hostOfAnotherName'])).toEqual(['9000', '6600'])
    expect(authenticate(host, 'a')).toBe('6985')
  })

  it('forms are not mixed', () => {
    const host = scp11Card()
    expect(present(host, x509('authority'), 0x90)).toBe('9000')
    expect(present(host, certificate({ signer: key(0x66) }))).toBe('6A80')
  })

  it.each([
    [['host']],
    [['hostWithUnknown']],
    [['authority', 'hostOfAuthority']],
    [['authorityPath0', 'hostOfAuthority']],
    [['authority', 'secondAuthority', 'hostOfSecond']],
  ] as const)('%j opens a channel for the owner', (names) => {
    const host = scp11Card()
    expect(presentAll(host, names)).toEqual(names.map(() => '9000'))
    expect(session(host, 'a')('F28002', '4F00')).toMatch(/9000$/)
  })

  it.each(['hostOfSomebodyElse', 'hostWithoutIdentifier'] as const)('%s opens one for somebody known', (name) => {
    const host = scp11Card()
    expect(present(host, x509(name))).toBe('9000')
    expect(session(host, 'a')('F28002', '4F00')).toBe('6982')
  })

  it('cut anywhere, or with a bit changed, it is refused', () => {
    const bytes = x509('host')
    const host = scp11Card()
    for (let length = 1; length < bytes.length; length += 13) {
      expect(present(host, bytes.slice(0, length))).toMatch(/^6(600|A80)$/)
    }
    for (let bit = 0; bit < 8 * bytes.length; bit += 53) {
      const changed = bytes.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(present(host, changed)).toMatch(/^6(600|A80|A81)$/)
    }
    expect(authenticate(host, 'a')).toBe('6985')
  })
})
