import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { TerminalError } from '../errors.ts'
import { cardRefused } from './card-refused.ts'
import {
  deleteContent,
  installForExtradition,
  installForInstall,
  installForLoad,
  tokenInput,
  withToken,
} from './content-commands.ts'
import { emitLoadFile, splitIntoBlocks } from './load-file.ts'
import { emitMemoryParameters } from './memory-parameters.ts'
import { parseReceipt, requireReceipt } from './receipts.ts'
import { type SigningKey, sign, type VerificationKey, verify } from './signatures.ts'

describe('what a refusal means depends on the command', () => {
  test.each([
    ['MANAGE ELF UPGRADE [start]', 0x6d00, 'this card has no upgrade of packages'],
    ['MANAGE ELF UPGRADE [start]', 0x6985, 'an upgrade goes on already'],
    ['MANAGE ELF UPGRADE [resume]', 0x6985, 'no upgrade goes on'],
    ['INSTALL [for load]', 0x6a88, 'the card has no such package'],
  ])('%s %i', (what, sw, text) => {
    expect(cardRefused(what, sw)).toMatchObject({ code: 'TERMINAL_CARD_REFUSED', place: { sw } })
    expect(cardRefused(what, sw).message).toContain(text)
  })
})

describe('what a token signs, from the tests of kaoh/globalplatform', () => {
  test('extradition', () => {
    const command = installForExtradition(fromHex('D0D1D2D3D4D50101'), fromHex('D4D4D4D4D4010101'))
    expect(toHex(tokenInput(command))).toBe('10001508D4D4D4D4D40101010008D0D1D2D3D4D501010000')
  })

  test('DELETE of a load file and its instances', () => {
    const command = deleteContent(fromHex('D0D1D2D3D4D501'), true)
    expect(toHex(tokenInput(command))).toBe('0080094F07D0D1D2D3D4D501')
  })

  test('more than 255 bytes: a length of three', () => {
    const command = installForInstall({
      loadFileAid: fromHex('D0D1D2D3D4D501'),
      moduleAid: fromHex('D0D1D2D3D4D50101'),
      instanceAid: fromHex('D0D1D2D3D4D50101'),
      privileges: Uint8Array.of(0),
      appletParameters: new Uint8Array(300),
    })
    expect(toHex(tokenInput(command).slice(0, 5))).toBe('0C0000014F')
  })
})

test('memory: two bytes up to 32767, then four', () => {
  const hex = (...of: Parameters<typeof emitMemoryParameters>) => toHex(emitMemoryParameters(...of))
  expect(hex({})).toBe('')
  expect(hex({ quota: { nonVolatile: 32767, volatile: 256 } })).toBe('EF08C7020100C8027FFF')
  expect(hex({ reserved: { nonVolatile: 32768 }, granted: { volatile: 1, nonVolatile: 65536 } })).toBe(
    'EF10D8040000800082020001830400010000',
  )
})

describe('where the token stands', () => {
  test('INSTALL: a length behind, 00 without', () => {
    const command = installForLoad({ loadFileAid: fromHex('D0D1D2D3D4') })
    expect(toHex(withToken(command, new Uint8Array()).data!)).toBe('05D0D1D2D3D400000000')
    expect(toHex(withToken(command, fromHex('AABB')).data!)).toBe('05D0D1D2D3D400000002AABB')
  })

  test('DELETE: a tag, nothing without', () => {
    const command = deleteContent(fromHex('D0D1D2D3D4'), false)
    expect(toHex(withToken(command, new Uint8Array()).data!)).toBe('4F05D0D1D2D3D4')
    expect(toHex(withToken(command, fromHex('AABB')).data!)).toBe('4F05D0D1D2D3D49E02AABB')
  })
})

describe('signatures', () => {
  const p256 = ecDomain('P-256')
  const p521 = ecDomain('P-521')
  const [small, large] = [nodeCrypto.generateRsaKeyPair(1024, 65_537), nodeCrypto.generateRsaKeyPair(2048, 65_537)]
  const ec256 = nodeCrypto.generateEcPrivateKey(p256)
  const ec521 = nodeCrypto.generateEcPrivateKey(p521)
  const cases: [string, SigningKey, VerificationKey, number][] = [
    ['DES', { type: 'des', key: new Uint8Array(16).fill(1) }, { type: 'des', key: new Uint8Array(16).fill(1) }, 8],
    ['AES', { type: 'aes', key: new Uint8Array(32).fill(1) }, { type: 'aes', key: new Uint8Array(32).fill(1) }, 16],
    [
      'RSA scheme 1',
      { type: 'rsa', privateKey: small, modulusLengthBytes: 128 },
      { type: 'rsa', publicKey: small },
      128,
    ],
    [
      'RSA scheme 2',
      { type: 'rsa', privateKey: large, modulusLengthBytes: 256 },
      { type: 'rsa', publicKey: large },
      256,
    ],
    [
      'P-256',
      { type: 'ec', domain: p256, privateKey: ec256 },
      { type: 'ec', domain: p256, publicKey: nodeCrypto.ecPublicKey(p256, ec256) },
      64,
    ],
    [
      'P-521',
      { type: 'ec', domain: p521, privateKey: ec521 },
      { type: 'ec', domain: p521, publicKey: nodeCrypto.ecPublicKey(p521, ec521) },
      132,
    ],
  ]
  test.each(cases)('%s: right, and refused over other data', (_, signing, verifying, lengthBytes) => {
    const data = fromHex('0102030405')
    const signature = sign(nodeCrypto, signing, data)
    expect(signature).toHaveLength(lengthBytes)
    expect(verify(nodeCrypto, verifying, data, signature)).toBe(true)
    expect(verify(nodeCrypto, verifying, fromHex('0102030406'), signature)).toBe(false)
    expect(verify(nodeCrypto, verifying, data, signature.slice(1))).toBe(false)
  })

  // Scheme 1 and 2 by OpenSSL are in the suite of the crypto room; here the choice between them is what matters.
  test('RSA with 1024 bits is PKCS #1 with SHA-1, above PSS with SHA-256', () => {
    const data = fromHex('01')
    const scheme1 = sign(nodeCrypto, { type: 'rsa', privateKey: small, modulusLengthBytes: 128 }, data)
    const one = nodeCrypto.openRsaPublicKey(small)
    expect(one.verify({ padding: 'pkcs1', hash: 'sha1' }, data, scheme1)).toBe(true)
    const scheme2 = sign(nodeCrypto, { type: 'rsa', privateKey: large, modulusLengthBytes: 256 }, data)
    const two = nodeCrypto.openRsaPublicKey(large)
    expect(two.verify({ padding: 'pss', hash: 'sha256' }, data, scheme2)).toBe(true)
  })
})

describe('receipts', () => {
  const key = { type: 'aes', key: new Uint8Array(16).fill(7) } as const
  const confirmation = fromHex('02 0005 04 42C0FFEE')
  const deleted = fromHex('D0D1D2D3D4D501')
  const signature = nodeCrypto.aesCmac(key.key, concatBytes(confirmation, Uint8Array.of(7), deleted))
  const body = concatBytes(Uint8Array.of(16), signature, confirmation)
  const answer = concatBytes(Uint8Array.of(body.length), body)

  test('none is none, and with a key one is required', () => {
    expect(parseReceipt(new Uint8Array())).toBeUndefined()
    expect(parseReceipt(Uint8Array.of(0))).toBeUndefined()
    const missing = () => requireReceipt(nodeCrypto, key, undefined, { aids: [deleted] })
    expect(missing).toThrow(expect.objectContaining({ code: 'TERMINAL_GP_RECEIPT' }))
  })

  test('for something else, or with one bit flipped: refused', () => {
    const receipt = parseReceipt(answer)!
    const other = () => requireReceipt(nodeCrypto, key, receipt, { aids: [fromHex('D0D1D2D3D4D502')] })
    expect(other).toThrow(expect.objectContaining({ code: 'TERMINAL_GP_RECEIPT' }))
    for (let bit = 8; bit < 8 * answer.length; bit++) {
      const flipped = answer.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => requireReceipt(nodeCrypto, key, parseReceipt(flipped), { aids: [deleted] })).toThrow(TerminalError)
    }
  })

  test('right: its parts', () => {
    const receipt = parseReceipt(answer)!
    expect(() => requireReceipt(nodeCrypto, key, receipt, { aids: [deleted] })).not.toThrow()
    expect([receipt.confirmationCounter, toHex(receipt.domainUniqueData)]).toEqual([5, '42C0FFEE'])
  })
})

describe('load files', () => {
  test('DAP blocks stand before the data block', () => {
    const block = { domainAid: fromHex('A000000151'), signature: fromHex('0102') }
    expect(toHex(emitLoadFile(fromHex('DECAFF'), [block]))).toBe('E20B4F05A000000151C3020102C403DECAFF')
  })

  test('at most 256 blocks', () => {
    const loadFile = emitTlv(0xc4, new Uint8Array(1000))
    expect(concatBytes(...splitIntoBlocks(loadFile, 239))).toEqual(loadFile)
    expect(splitIntoBlocks(new Uint8Array(256 * 10), 10)).toHaveLength(256)
    const tooMany = () => splitIntoBlocks(new Uint8Array(256 * 10 + 1), 10)
    expect(tooMany).toThrow(expect.objectContaining({ code: 'TERMINAL_GP_BAD_INPUT' }))
  })
})
