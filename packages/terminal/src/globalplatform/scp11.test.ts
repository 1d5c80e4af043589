import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { recordedCard } from '../../test/recorded-card.ts'
import { parseCertificate, splitCertificates, verifyChain } from './certificate.ts'
import { GlobalPlatformClient } from './globalplatform-client.ts'
import type { Scp11Variant } from './open-scp11.ts'

// What yubikit (yubikey-manager at 2026-05-21) sends, and the keys and receipts it derives, with these private keys.
const domain = ecDomain('P-256')
const key = (byte: number) => new Uint8Array(32).fill(byte)
const [hostEphemeral, hostStatic, cardStatic, cardEphemeral] = [key(0x11), key(0x22), key(0x33), key(0x44)]
const publicOf = (privateKey: Uint8Array) => nodeCrypto.ecPublicKey(domain, privateKey)

const vectors: Record<
  Scp11Variant,
  { header: string; parameter: string; receipt: string; sMac: string; sRMac: string }
> = {
  a: {
    header: '80820111',
    parameter: '01',
    receipt: '6d009d7c3596babb7290fc50b794b7fd',
    sMac: '395f3adb89f3d55671a12a168896dcb4',
    sRMac: '6f4cc44e9c3586bb0986af0e13d90f5b',
  },
  b: {
    header: '80880113',
    parameter: '00',
    receipt: '2fe94859aff3948ece18ca6035b674ba',
    sMac: '0147e6ca0c7eb89e225601c1e49ac6fd',
    sRMac: '8ac1fff926b95d285b901082834f093d',
  },
  c: {
    header: '80820115',
    parameter: '03',
    receipt: '5f823db98edf8eedb9ea19c0114e705b',
    sMac: '395f3adb89f3d55671a12a168896dcb4',
    sRMac: '6f4cc44e9c3586bb0986af0e13d90f5b',
  },
}
const HOST_POINT =
  '040217e617f0b6443928278f96999e69a23a4f2c152bdf6d6cdf66e5b80282d4ed194a7debcb97712d2dda3ca85aa8765a56f45fc758599652f2897c65306e5794'

/** A self-signed certificate by OpenSSL. */
const X509 =
  '3082017c30820121a00302010202140b5cbb7460a6ab4b1f2698e7ed3e365865ce6975300a06082a8648ce3d04030230133111300f0603550403' +
  '0c086772696463617264301e170d3236313133303034313631375a170d3336313132373034313631375a30133111300f06035504030c08677269' +
  '64636172643059301306072a8648ce3d020106082a8648ce3d0301070342000457e977f6db7e33c3fe7acf2842ed987009caf56d458682fca447' +
  'b7d3d762ab34c5ab3770ba573bdff5414065640ffb5b346dfa84dec4db4d68e5f59cc471c2eca3533051301d0603551d0e041604144b82817633' +
  'c2fb2117ea9d1883b016f21a6d7d73301f0603551d230418301680144b82817633c2fb2117ea9d1883b016f21a6d7d73300f0603551d130101ff' +
  '040530030101ff300a06082a8648ce3d04030203490030460221008f73dacd0a62101e28ee446202ab0a4abb0bd0cb2ce60f676243de8b20866e' +
  '72022100f75ea553d72f97bb4bf05de45a6b4d53e59149b372620eade2327278c19f3d9e'

const crypto: CryptoProvider = { ...nodeCrypto, generateEcPrivateKey: () => hostEphemeral.slice() }
const cardKey = { curve: 'P-256', point: publicOf(cardStatic) } as const
const certificate = fromHex('7F2100')
const host = {
  certificates: [certificate],
  privateKey: hostStatic,
  authorityKeyVersion: 3,
  authorityKeyIdentifier: 0x10,
}

function exchangesOf(variant: Scp11Variant, receipt = vectors[variant].receipt) {
  const { header, parameter } = vectors[variant]
  const authentication = {
    command: `${header}53a60d900211${parameter}95013c8001888101105f4941${HOST_POINT}00`,
    response: `5f4941${toHex(publicOf(cardEphemeral))}8610${receipt}9000`,
  }
  const presenting = { command: `802a0310037F2100`, response: '9000' }
  return variant === 'b' ? [authentication] : [presenting, authentication]
}

const optionsOf = (variant: Scp11Variant) => ({
  variant,
  keyVersion: 1,
  cardKey,
  ...(variant !== 'b' && { host }),
})

describe.each(['a', 'b', 'c'] as const)('SCP11%s', (variant) => {
  test('each bit of the receipt that is flipped: the card is not the one', async () => {
    const receipt = fromHex(vectors[variant].receipt)
    for (let bit = 0; bit < 128; bit++) {
      const flipped = receipt.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      const card = recordedCard({ exchanges: exchangesOf(variant, toHex(flipped)) })
      const client = new GlobalPlatformClient(card, { crypto })
      const opening = client.openScp11(optionsOf(variant))
      await expect(opening).rejects.toMatchObject({ code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC' })
      expect(client.channel).toBeUndefined()
    }
  })

  test("a host's identity where none belongs, or none where one does", async () => {
    const client = new GlobalPlatformClient(recordedCard({ exchanges: [] }), { crypto })
    const wrong = { variant, keyVersion: 1, cardKey, ...(variant === 'b' && { host }) }
    await expect(client.openScp11(wrong)).rejects.toMatchObject({ code: 'TERMINAL_GP_BAD_INPUT' })
  })

  test('what is sent is what yubikit sends; the first command is chained to the receipt, under its keys', async () => {
    const { receipt, sMac, sRMac } = vectors[variant]
    const chaining = nodeCrypto.aesCmac(fromHex(sMac), concatBytes(fromHex(receipt), fromHex('84CA006608')))
    const rMac = nodeCrypto.aesCmac(fromHex(sRMac), concatBytes(chaining, fromHex('9000'))).slice(0, 8)
    const next = { command: `84CA006608${toHex(chaining.slice(0, 8))}00`, response: `${toHex(rMac)}9000` }
    const card = recordedCard({ exchanges: [...exchangesOf(variant), next] })
    const client = new GlobalPlatformClient(card, { crypto })
    await client.openScp11(optionsOf(variant))
    expect(client.channel).toMatchObject({ protocol: 'SCP11', level: 0x33 })
    expect(await client.getData(0x0066)).toEqual(new Uint8Array())
    expect(card.remaining).toBe(0)
  })
})

describe('certificates', () => {
  const authority = key(0x55)
  const anchor = { curve: 'P-256', point: publicOf(authority) } as const
  const tlv = (tag: string, value: Uint8Array) => {
    const length = value.length < 128 ? [value.length] : [0x81, value.length]
    return concatBytes(fromHex(tag), Uint8Array.from(length), value)
  }
  const body = concatBytes(
    tlv('93', fromHex('01')),
    tlv('42', fromHex('475249444341')),
    tlv('5F20', fromHex('0102')),
    tlv('95', fromHex('0080')),
    tlv('5F24', fromHex('20361231')),
    tlv('7F49', concatBytes(tlv('B0', publicOf(cardStatic)), tlv('F0', fromHex('00')))),
  )
  const signer = nodeCrypto.createEcdsaSigner({ domain, hash: 'sha256', encoding: 'plain' }, authority)
  const good = tlv('7F21', concatBytes(body, tlv('5F37', signer.sign(body))))

  test('signed by the anchor: its key', () => {
    expect(verifyChain(nodeCrypto, [good], anchor)).toEqual(cardKey)
    expect(splitCertificates(tlv('BF21', good))).toEqual([good])
  })

  test('any flipped bit, any other anchor: refused', () => {
    for (let bit = 0; bit < 8 * good.length; bit += 7) {
      const flipped = good.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => verifyChain(nodeCrypto, [flipped], anchor)).toThrow(
        expect.objectContaining({ code: 'TERMINAL_GP_CERTIFICATE' }),
      )
    }
    const other = { curve: 'P-256', point: publicOf(key(0x56)) } as const
    expect(() => verifyChain(nodeCrypto, [good], other)).toThrow('not signed')
  })

  // Made with OpenSSL 3: a self-signed certificate on P-256, its key the scalar 55..55.
  test('X.509', () => {
    const x509 = fromHex(X509)
    expect(parseCertificate(x509).publicKey).toEqual(anchor)
    expect(verifyChain(nodeCrypto, [x509], anchor)).toEqual(anchor)
  })
})
