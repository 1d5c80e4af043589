import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { isRefusal, memoryCounterStore, parseApdu, type SecuritySuiteId, SoftwareSecurityModule } from '../src/index.ts'
import { ivOf } from '../src/security/message-cipher.ts'

// Frames that gurux.dlms.java 4.0.95 made of a GET, with the keys below. It counts from 0 whatever it writes and has no header in
// the associated data, so the cipher is called here; how it signs the ephemeral
// key, and how it derives, is what is compared.
const frames: readonly (readonly [name: string, suite: SecuritySuiteId, hex: string])[] = [
  [
    'one-pass, suite 1',
    1,
    'DD080000000000000007084D4D4D0000BC614E0847524300000000010000010201018180211D08579C41B16C5EE5EB77FF0EA18D041FB29907203029F080E289557727F1ED44D2E51520F5480F84E0A928028FBFACDC69275EF6F6EA85B6CB64C92BEA0936C65A15B669DEDCDA5FBFC9C455BC29A4DB5D575B6964B8F9AA6C9C60CC99161E36D6560EF00F2D23D95A21BB9FFF0EA342815CE22358D10FC12F63BB9B2C9B1E3100000032F98EC03E80895BAFC22C86A8FF3A0A56057AC62FE477A9FA9D',
  ],
  [
    'static, suite 1',
    1,
    'DD080000000000000007084D4D4D0000BC614E084752430000000001000001020102001E310000003218657D40FD8995653AE57324A8C6D2614CBD228E10EF38DAC9',
  ],
]
const authenticationKey = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF')
const clientTitle = fromHex('4D4D4D0000BC614E')
const serverTitle = fromHex('4752430000000001')

/** The recipient: private keys are one octet, repeated. */
function recipient(suite: SecuritySuiteId): SoftwareSecurityModule {
  const domain = ecDomain(suite === 2 ? 'P-384' : 'P-256')
  const privateKey = (octet: number) => new Uint8Array(suite === 2 ? 48 : 32).fill(octet)
  const publicKey = (octet: number) => nodeCrypto.ecPublicKey(domain, privateKey(octet)).slice(1)
  return new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: serverTitle,
    slots: () => ({
      suite,
      peerSystemTitle: clientTitle,
      signing: { privateKey: privateKey(0x11), peerPublicKey: publicKey(0x22) },
      agreement: { privateKey: privateKey(0x33), peerPublicKey: publicKey(0x44) },
    }),
    counters: memoryCounterStore(),
  })
}

describe('keys agreed with gurux.dlms.java', () => {
  test.each(frames)('%s', async (_name, suite, hex) => {
    const frame = parseApdu(fromHex(hex))
    if (frame.kind !== 'general-ciphering' || frame.keyInfo?.kind !== 'agreed-key') throw new Error(frame.kind)
    const { keyParameters, keyCipheredData } = frame.keyInfo
    const scheme = keyParameters[0] === 1 ? 'one-pass' : 'static'
    const { sessionKeys } = recipient(suite)
    const agree = (transactionId: Uint8Array, data: Uint8Array) =>
      sessionKeys.agreeAsRecipient({ slot: 0, scheme, transactionId, keyCipheredData: data })
    if (scheme === 'one-pass') {
      const forged = keyCipheredData.with(127, keyCipheredData[127]! ^ 1)
      expect(await agree(frame.transactionId, forged)).toEqual({ refused: 'authentication-failed' })
    }
    const opens = async (transactionId: Uint8Array) => {
      const handle = await agree(transactionId, keyCipheredData)
      if (isRefusal(handle)) throw new Error(handle.refused)
      const aad = concatBytes(Uint8Array.of(frame.securityControl), authenticationKey.slice(0, suite === 2 ? 32 : 16))
      return sessionKeys.find(0, handle)!.cipher.open(ivOf(clientTitle, 0), aad, frame.body, 12)
    }
    expect(toHex((await opens(frame.transactionId))!)).toBe('C001C100030100010800FF0200')
    // The transaction id is a nonce of the static model only.
    expect((await opens(Uint8Array.of(8))) === undefined).toBe(scheme === 'static')
  })
})
