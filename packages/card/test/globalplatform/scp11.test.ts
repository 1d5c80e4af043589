import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain, scp03CMac, scp11SessionKeys, scp11SharedInfo } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../../src/index.ts'
import { reopen } from './gp-card.ts'
import { byte, GpHost, lv } from './gp-host.ts'
import { gpProfile } from './gp-profiles.ts'

// What yubikit (yubikey-manager at 2026-05-21) sends with these private keys, and the receipts it expects.
const domain = ecDomain('P-256')
const key = (n: number) => new Uint8Array(32).fill(n)
const [hostEphemeral, hostStatic, cardStatic, cardEphemeral] = [key(0x11), key(0x22), key(0x33), key(0x44)]
const publicOf = (secret: Uint8Array) => nodeCrypto.ecPublicKey(domain, secret)
const VECTORS = {
  a: { header: '80820111', parameter: '01', receipt: '6D009D7C3596BABB7290FC50B794B7FD' },
  b: { header: '80880113', parameter: '00', receipt: '2FE94859AFF3948ECE18CA6035B674BA' },
  c: { header: '80820115', parameter: '03', receipt: '5F823DB98EDF8EEDB9EA19C0114E705B' },
} as const
type Variant = keyof typeof VECTORS
const authority = key(0x55)

/** Only the ephemeral key of the card is fixed. */
const crypto: CryptoProvider = { ...nodeCrypto, generateEcPrivateKey: () => cardEphemeral.slice() }

/** A host certificate of GlobalPlatform's form. */
function certificate(point = publicOf(hostStatic), signer = authority): Uint8Array {
  const body = concatBytes(
    emitTlv(0x93, fromHex('01')),
    emitTlv(0x42, fromHex('1234')),
    emitTlv(0x5f20, fromHex('AABB')),
    emitTlv(0x95, fromHex('0080')),
    emitTlv(0x5f24, fromHex('20990101')),
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
  const parts = [bytes.slice(0, 100), bytes.slice(100)]
  host.raw(`802A82${byte(p2)}${lv(parts[0]!)}`)
  return host.raw(`802A02${byte(p2)}${lv(parts[1]!)}`)
}

describe('SCP11', () => {
  it.each(['a', 'c'] as const)("%s is refused without the host's certificate", (variant) => {
    expect(authenticate(scp11Card(), variant)).toBe('6985')
  })

  it('refuses certificates of somebody else, of no use, and broken ones', () => {
    const host = scp11Card()
    expect(present(host, certificate(undefined, key(0x66)))).toBe('6600')
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
    expect(response).toBe(`5F4941${toHex(publicOf(cardEphemeral))}8610${VECTORS[variant].receipt}9000`)
  })

  it('authenticates the host in a, and only the card in b', () => {
    for (const [variant, status] of [
      ['a', '9000'],
      ['b', '6982'],
    ] as const) {
      const host = scp11Card()
      if (variant === 'a') present(host)
      authenticate(host, variant, authentication(variant, '34'))
      const secret = variant === 'a' ? hostStatic : hostEphemeral
      const keys = scp11SessionKeys(nodeCrypto, {
        hash: 'sha256',
        ephemeralSecret: nodeCrypto.ecdh(domain, hostEphemeral, publicOf(cardEphemeral)),
        staticSecret: nodeCrypto.ecdh(domain, secret, publicOf(cardStatic)),
        sharedInfo: scp11SharedInfo({ keyUsage: 0x34, keyType: 0x88, keyLengthBytes: 16 }),
        keyLengthBytes: 16,
      })
      const data = fromHex(authentication(variant, '34'))
      const receipt = nodeCrypto.aesCmac(keys.receipt, concatBytes(data, emitTlv(0x5f49, publicOf(cardEphemeral))))
      const command = fromHex('84F280020A4F00')
      const mac = scp03CMac(nodeCrypto, keys.mac, receipt, command).slice(0, 8)
      const answer = host.raw(`84F280020A4F00${toHex(mac)}00`)
      expect(answer.slice(-4)).toBe(status)
      if (status === '9000') expect(answer.startsWith('E3')).toBe(true)
    }
  })
})
