import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { installDomain, loadPackage, openCard, reopen, SD_MODULE, SD_PACKAGE, SSD_AID, testPackage } from './gp-card.ts'
import { byte, type GpHost, installData, longLv, lv } from './gp-host.ts'
import { ISD_AID } from './gp-profiles.ts'

const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
const P256 = ecDomain('P-256')
const tokenSecret = new Uint8Array(32).fill(0x21)
const rsa = nodeCrypto.generateRsaKeyPair(2048, 65537)
const receiptKey = new Uint8Array(16).fill(0x42)
const domainKey = new Uint8Array(16).fill(0x51)
const DOMAIN_KEYS = { enc: domainKey, mac: domainKey, dek: domainKey }

type TokenKey = 'ec' | 'rsa' | 'aes'

function sign(type: TokenKey, message: Uint8Array): Uint8Array {
  if (type === 'aes') return nodeCrypto.aesCmac(receiptKey, message)
  if (type === 'rsa') return nodeCrypto.openRsaPrivateKey(rsa).sign({ padding: 'pss', hash: 'sha256' }, message)
  const scheme = { domain: P256, hash: 'sha256', encoding: 'plain' } as const
  return nodeCrypto.createEcdsaSigner(scheme, tokenSecret).sign(message)
}

function putPublicKey(host: GpHost, kvn: number, type: TokenKey): void {
  if (type === 'aes') {
    expect(host.putKeys(kvn, [receiptKey])).toMatch(/9000$/)
    return
  }
  const field =
    type === 'ec'
      ? `B041${toHex(nodeCrypto.ecPublicKey(P256, tokenSecret))}F0010000`
      : `A182${'0100'}${toHex(rsa.modulus)}A003${toHex(rsa.publicExponent)}00`
  const data = fromHex(`${byte(kvn)}${field}`)
  if (data.length <= 230) {
    expect(host.send(0xd8, 0, 1, data)).toMatch(/9000$/)
    return
  }
  // Longer than a command: a chain, without secure messaging here.
  host.select()
  host.open({ level: 0x00 })
  host.raw(`80D88001${lv(data.slice(0, 200))}00`)
  expect(host.raw(`80D80001${lv(data.slice(200))}00`)).toMatch(/9000$/)
  reopen(host)
}

/** A card with a domain that manages by tokens, open to its provider. */
function delegatedCard(type: TokenKey = 'ec'): GpHost {
  const host = openCard()
  putPublicKey(host, 0x70, type)
  expect(host.putKeys(0x71, [receiptKey])).toMatch(/9000$/)
  expect(host.send(0xe2, 0x90, 0, '42021234450301AA02')).toBe('9000')
  expect(installDomain(host, SSD_AID, 'A00000')).toBe('009000')
  reopen(host, SSD_AID)
  host.putKeys(0x30, [domainKey, domainKey, domainKey])
  return reopen(host, SSD_AID, { keys: DOMAIN_KEYS })
}

const input = (p1: number, p2: number, data: Uint8Array) => concatBytes(Uint8Array.of(p1, p2, data.length), data)
const hash = nodeCrypto.sha256(ONE.block)
const loadData = () => fromHex(`${lv(ONE.aid)}${lv(SSD_AID)}${lv(hash)}00`)

/** The confirmation: receipt over what was confirmed and the fields. */
function requireReceipt(answer: string, counter: number, fields: readonly Uint8Array[]): void {
  const confirmed = fromHex(`02${byte(counter >> 8)}${byte(counter & 0xff)}05123401AA02`)
  const receipt = nodeCrypto.aesCmac(receiptKey, concatBytes(confirmed, ...fields.map((one) => fromHex(lv(one)))))
  const whole = concatBytes(Uint8Array.of(16), receipt, confirmed)
  expect(answer).toBe(`${lv(whole)}9000`)
}

describe('delegated management', () => {
  it('is refused without a token, and with one for something else', () => {
    const host = delegatedCard()
    const good = sign('ec', input(0x02, 0, loadData()))
    const begin = (token: Uint8Array) => host.send(0xe6, 0x02, 0, `${toHex(loadData())}${longLv(token)}`)
    expect(begin(new Uint8Array())).toBe('6982')
    expect(begin(sign('ec', input(0x0c, 0, loadData())))).toBe('6982')
    expect(begin(good.map((byteOf, i) => (i === 9 ? byteOf ^ 1 : byteOf)))).toBe('6982')
    expect(begin(good.slice(1))).toBe('6982')
    expect(host.getStatus(0x20)).toBe('6A88')
    expect(begin(good)).toBe('009000')
  })

  it.each(['ec', 'rsa', 'aes'] as const)(
    'loads, installs and deletes with %s tokens, and confirms each step',
    (type) => {
      const host = delegatedCard(type)
      // An RSA token makes the command longer than a short one: a bare channel and a chain.
      const isLong = type === 'rsa'
      if (isLong) reopen(host, SSD_AID, { keys: DOMAIN_KEYS, level: 0x00 })
      const send = (ins: number, p1: number, p2: number, hex: string) => {
        const data = fromHex(hex)
        if (!isLong || data.length <= 255) return host.send(ins, p1, p2, data)
        host.raw(`80${byte(ins)}${byte(p1 | 0x80)}${byte(p2)}${lv(data.slice(0, 250))}00`)
        return host.raw(`80${byte(ins)}${byte(p1)}${byte(p2)}${lv(data.slice(250))}00`)
      }
      const token = (p1: number, p2: number, data: Uint8Array) => longLv(sign(type, input(p1, p2, data)))
      expect(send(0xe6, 0x02, 0, `${toHex(loadData())}${token(0x02, 0, loadData())}`)).toBe('009000')
      requireReceipt(host.load(ONE.loadFile), 1, [ONE.aid, SSD_AID])
      const install = fromHex(installData({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE }))
      requireReceipt(send(0xe6, 0x0c, 0, `${toHex(install)}${token(0x0c, 0, install)}`), 2, [ONE.aid, INSTANCE])
      const remove = emitTlv(0x4f, INSTANCE)
      const deleted = `${toHex(remove)}9E${token(0, 0, remove)}`
      requireReceipt(send(0xe4, 0, 0, deleted), 3, [INSTANCE])
      expect(send(0xe4, 0, 0, deleted)).toBe('6A88')
      reopen(host)
      expect(host.send(0xca, 0x00, 0xc2)).toBe('C20200039000')
    },
  )

  it('does not see, lock or delete what is not below it', () => {
    const host = openCard()
    loadPackage(host, ONE)
    host.install({ loadFile: ONE.aid, module: ONE.module, instance: INSTANCE })
    putPublicKey(host, 0x70, 'ec')
    installDomain(host, SSD_AID, 'A00000')
    reopen(host, SSD_AID)
    expect(host.getStatus(0x40)).not.toContain(toHex(INSTANCE))
    expect(host.getStatus(0x20)).toBe('6A88')
    expect(host.send(0xf0, 0x40, 0x80, INSTANCE)).toBe('6985')
    const remove = emitTlv(0x4f, INSTANCE)
    const token = longLv(sign('ec', input(0, 0, remove)))
    expect(host.send(0xe4, 0, 0, `${toHex(remove)}9E${token}`)).toBe('6985')
  })
})

describe('a domain without management', () => {
  it('is refused everything that changes content', () => {
    const host = openCard()
    installDomain(host)
    reopen(host, SSD_AID)
    expect(host.installForLoad(ONE.aid)).toBe('6985')
    expect(host.install({ loadFile: SD_PACKAGE, module: SD_MODULE, instance: INSTANCE, privileges: '80' })).toBe('6985')
    expect(host.delete(SSD_AID)).toBe('6985')
    expect(host.send(0xf0, 0x80, 0x07)).toBe('6985')
  })
})

describe('DAP', () => {
  const DAP_AID = fromHex('F0475249444450')
  /** A domain that mandates its signature on every load file. */
  function dapCard(privileges = 'C10000'): GpHost {
    const host = openCard()
    expect(installDomain(host, DAP_AID, privileges)).toBe('009000')
    reopen(host, DAP_AID)
    putDapKey(host)
    return reopen(host)
  }
  function putDapKey(host: GpHost): void {
    const field = `B041${toHex(nodeCrypto.ecPublicKey(P256, tokenSecret))}F0010000`
    expect(host.send(0xd8, 0, 1, `73${field}`)).toBe('739000')
  }
  const dap = (signature: Uint8Array, aid = DAP_AID) =>
    emitTlv(0xe2, concatBytes(emitTlv(0x4f, aid), emitTlv(0xc3, signature)))

  it.each([
    ['is missing', new Uint8Array(), '6982'],
    ['is of something else', dap(sign('ec', new Uint8Array(32))), '6982'],
    ['names nobody', dap(sign('ec', hash), INSTANCE), '6A88'],
    ['names a domain that verifies nothing', dap(sign('ec', hash), ISD_AID), '6985'],
  ])('that is mandated: a load file where it %s is refused', (_, before, status) => {
    const host = dapCard()
    expect(host.installForLoad(ONE.aid, { hash })).toBe('009000')
    expect(host.load(concatBytes(before, ONE.loadFile))).toBe(status)
    expect(host.getStatus(0x20, `4F${lv(ONE.aid)}`)).toBe('6A88')
  })

  it('that is right lets the load file in', () => {
    const host = dapCard()
    host.installForLoad(ONE.aid, { hash })
    expect(host.load(concatBytes(dap(sign('ec', hash)), ONE.loadFile))).toBe('009000')
  })

  it('needs the hash', () => {
    const host = dapCard()
    host.installForLoad(ONE.aid)
    expect(host.load(concatBytes(dap(sign('ec', hash)), ONE.loadFile))).toBe('6A80')
  })

  it('that is not mandated binds only load files of its domain', () => {
    const host = dapCard('C00000')
    expect(loadPackage(host, ONE)).toBe('009000')
    const two = testPackage(2)
    expect(host.installForLoad(two.aid, { domain: DAP_AID })).toBe('009000')
    expect(host.load(two.loadFile)).toBe('6982')
  })
})

describe('a ciphered load file', () => {
  it('is taken by a domain that wants it so, and nothing else', () => {
    const host = openCard()
    const aid = fromHex('F0475249444346')
    expect(installDomain(host, aid, '800040')).toBe('009000')
    reopen(host, aid)
    expect(host.putKeys(0x75, [receiptKey])).toMatch(/9000$/)
    reopen(host)
    host.installForLoad(ONE.aid, { domain: aid, hash })
    expect(host.load(ONE.loadFile)).toBe('6A80')
    const padded = new Uint8Array((Math.floor(ONE.block.length / 16) + 1) * 16)
    padded.set(ONE.block)
    padded[ONE.block.length] = 0x80
    const iv = new Uint8Array(16).fill(7)
    const sealed = nodeCrypto.aesCbcEncrypt(receiptKey, iv, padded)
    host.installForLoad(ONE.aid, { domain: aid, hash })
    expect(host.load(concatBytes(emitTlv(0xd3, iv), emitTlv(0xd4, sealed)))).toBe('009000')
  })
})
