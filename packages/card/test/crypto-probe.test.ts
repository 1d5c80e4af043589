import { readFileSync } from 'node:fs'
import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { beforeAll, describe, expect, it } from 'vitest'
import { Card, type CardProfile } from '../src/index.ts'
import { CuttingStore, everyCut } from './cutting-store.ts'

/** The newer packages as an applet meets them: its own classes behind their interfaces, commands, resets, power cuts. */
const CAP = new Uint8Array(readFileSync(new URL('../../../applets/prebuilt/crypto-probe.cap', import.meta.url)))
const APPLET_AID = fromHex('F047524944434152440501')
const PROFILE: CardProfile = {
  name: 'probe',
  nvSizeBytes: 65_536,
  ramSizeBytes: 16_384,
  commitCapacityBytes: 512,
  atr: fromHex('3B8001'),
}

class ProbeCard {
  readonly card: Card

  constructor(card?: Card) {
    this.card = card ?? Card.create({ profile: PROFILE, crypto: nodeCrypto })
    if (card === undefined) {
      this.card.loadPackage(CAP)
      this.card.installApplet({ packageAid: fromHex('F0475249444341524405'), appletAid: APPLET_AID })
    }
    this.reset()
  }

  reset(): void {
    this.card.powerOn()
    this.card.transmit(fromHex(`00A404000B${toHex(APPLET_AID)}`))
  }

  /** Extended Lc where it has to be; hex of the answer with its status word. */
  send(ins: number, p1: number, p2: number, data: Uint8Array = new Uint8Array()): string {
    const head = Uint8Array.of(0x80, ins, p1, p2)
    const length =
      data.length === 0 ? [] : data.length < 256 ? [data.length] : [0, data.length >> 8, data.length & 0xff]
    return toHex(this.card.transmit(concatBytes(head, Uint8Array.from(length), data)))
  }
}

const framed = (hex: string): Uint8Array => concatBytes(Uint8Array.of(hex.length / 2), fromHex(hex))

/** A derivation's parameters as the probe takes them. */
function parameters(o: {
  algorithm?: number
  length: number
  counter?: number
  secret: string
  first?: string
  second?: string
}) {
  const { algorithm = 0, length, counter = 0, secret, first = '', second = '' } = o
  return concatBytes(Uint8Array.of(algorithm, length, counter), framed(secret), framed(first), framed(second))
}

const HMAC_SHA_256 = 25
const CMAC = 49
const SHA_1 = 1
const SHA_256 = 4

const DERIVATIONS = [
  {
    name: 'counter mode, CAVP',
    kdf: 1,
    o: {
      algorithm: CMAC,
      length: 32,
      counter: 8,
      secret: '682E814D872397EBA71170A693514904',
      second:
        'E323CDFA7873A0D72CD86FFB4468744F097DB60498F7D0E3A43BAFD2D1AF675E4A88338723B1236199705357C47BF1D89B2F4617A340980E6331625C',
    },
    output: 'DAC9B6CA405749CFB065A0F1E42C7C4224D3D5DB32FDAFE9DEE6CA193316F2C7',
  },
  {
    name: 'double pipeline, CAVP',
    kdf: 2,
    o: {
      algorithm: CMAC,
      length: 64,
      counter: 1,
      secret: '08A5A251B8E4826FBF73292F4CD6C790',
      first: 'AA5ACBCE73A98D4C4F361D5C22A2CC6F6BDC30027AA31AF1BA8B15A5BD5B6A34D133519AD1A82483C2D2A6DD9A97273A780421',
    },
    output:
      'FF1C72EC38B8968A1CE0942A571A1F522DDD2A1C6FFC2B60C90BB54A5C0E9DE40D289686CBFF127B408EC64EF615B18C1ABC0736AE4C94E33E54D832E686276E',
  },
  {
    name: 'feedback, CAVP',
    kdf: 3,
    o: {
      algorithm: HMAC_SHA_256,
      length: 64,
      counter: 32,
      secret: '93F698E842EED75394D629D957E2E89C6E741F810B623C8B901E38376D068E7B',
      first: '53B89C18690E2057A1D167822E636DE50BE0018532C431F7F5E37F77139220D5E042599EBE266AF5767EE18CD2C5C19A1F0F80',
      second: '9F575D9059D3E0C0803F08112F8A806DE3C3471912CDF42B095388B14B33508E',
    },
    output:
      'BD1476F43A4E315747CF5918E0EA5BC0D98769457477C3AB18B742DEF0E079A933B756365AFB5541F253FEE43C6FD788A44041038509E9EEB68F7D65FFBB5F95',
  },
  {
    name: 'TLS 1.1, list of the working group',
    kdf: 4,
    o: { length: 32, secret: 'AB'.repeat(48), first: toHex(fromAscii('PRF Testvector')) + 'CD'.repeat(64) },
    output: 'D3D4D1E349B5D515044666D51DE32BAB258CB521B6B053463E354832FD976754',
  },
  {
    name: 'TLS 1.2, list of the working group',
    kdf: 5,
    o: {
      length: 100,
      secret: '9BBE436BA940F017B17652849A71DB35',
      first: `${toHex(fromAscii('test label'))}A0BA9F936CDA311827A6F796FFD5198C`,
    },
    output:
      'E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A6B301791E90D35C9C9A46B4E14BAF9AF0FA022F7077DEF17ABFD3797C0564BAB4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF70187347B66',
  },
  {
    name: 'IEEE 1363, as travel documents use it',
    kdf: 6,
    o: { algorithm: SHA_1, length: 20, secret: '239AB9CB282DAF66231DC5A4DF6BFBAE', first: '00000001' },
    output: 'AB94FCEDF2664EDFB9B291F85D7F77F27F2F4A9D',
  },
  {
    name: 'travel documents, ICAO 9303-11 D.1',
    kdf: 7,
    o: { algorithm: SHA_1, length: 16, secret: '239AB9CB282DAF66231DC5A4DF6BFBAE', first: '00000001' },
    output: 'AB94FCEDF2664EDFB9B291F85D7F77F2',
  },
  {
    name: 'ANSI X9.63, CAVP',
    kdf: 8,
    o: { algorithm: SHA_256, length: 16, secret: '96C05619D56C328AB95FE84B18264B08725B85E33FD34F08' },
    output: '443024C3DAE66B95E6F5670601558F71',
  },
  {
    name: 'HKDF, RFC 5869 A.1',
    kdf: 9,
    o: {
      algorithm: SHA_256,
      length: 42,
      secret: '0B'.repeat(22),
      first: 'F0F1F2F3F4F5F6F7F8F9',
      second: '000102030405060708090A0B0C',
    },
    output: '3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865',
  },
  {
    name: 'HKDF-Expand-Label, RFC 8448 §3',
    kdf: 10,
    o: {
      algorithm: SHA_256,
      length: 32,
      secret: '33AD0A1C607EC03B09E6CD9893680CE210ADF300AA1F2660E1B22E10F170F92A',
      first: toHex(fromAscii('derived')),
      second: 'E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855',
    },
    output: '6F2615A108C702C5678F54FC9DBAB69716C076189C48250CEBEAC3576C3611BA',
  },
] as const

describe('DerivationFunction', () => {
  let probe: ProbeCard
  beforeAll(() => {
    probe = new ProbeCard()
  })

  it.each(DERIVATIONS)('$name: in one, in two parts, by a OneShot, into a key', ({ kdf, o, output }) => {
    for (const how of [0, 1, 2]) expect(probe.send(1, kdf, how, parameters(o))).toBe(`${output}9000`)
    expect(probe.send(1, kdf, 3, parameters(o))).toBe(`${output.slice(0, 32)}9000`)
  })

  it('refuses algorithms, hashes, counters and lengths that are none', () => {
    const secret = '00'.repeat(16)
    expect(probe.send(1, 11, 0, parameters({ length: 16, secret }))).toBe('6C03')
    expect(probe.send(1, 1, 0, parameters({ algorithm: CMAC, length: 0, counter: 8, secret }))).toBe('6C01')
    expect(probe.send(1, 1, 0, parameters({ algorithm: SHA_256, length: 16, counter: 8, secret }))).toBe('6C01')
    for (const counter of [0, 5, 7, 40, 0xff]) {
      expect(probe.send(1, 1, 0, parameters({ algorithm: CMAC, length: 16, counter, secret }))).toBe('6C01')
    }
    // HMAC keys of any length, CMAC keys of three.
    expect(probe.send(1, 1, 0, parameters({ algorithm: CMAC, length: 16, counter: 8, secret: '00' }))).toBe('6C01')
    // More than the parameters promise: a key of 16 bytes of an output of 8.
    expect(probe.send(1, 1, 3, parameters({ algorithm: CMAC, length: 8, counter: 8, secret }))).toBe('6C05')
  })
})

describe('MonotonicCounter', () => {
  it('counts, is set to no less, and never beyond its end', () => {
    const probe = new ProbeCard()
    expect(probe.send(2, 0, 0)).toBe('0000009000')
    expect(probe.send(2, 1, 200)).toBe('00C8009000')
    expect(probe.send(2, 1, 200)).toBe('0190009000')
    expect(probe.send(2, 2, 0, fromHex('018F'))).toBe('6F00')
    expect(probe.send(2, 2, 0, fromHex('010000'))).toBe('6F00')
    expect(probe.send(2, 3, 0, fromHex('00000190'))).toBe('00009000')
    expect(probe.send(2, 3, 0, fromHex('0191'))).toBe('FFFF9000')
    expect(probe.send(2, 3, 0, fromHex('01'))).toBe('00019000')
    expect(probe.send(2, 2, 0, fromHex('FFFE'))).toBe('FFFE009000')
    expect(probe.send(2, 1, 2)).toBe('6E02')
    expect(probe.send(2, 1, 1)).toBe('FFFF019000')
    expect(probe.send(2, 1, 1)).toBe('6E02')
    expect(probe.send(2, 0, 0)).toBe('FFFF019000')
  })

  it('is there after a reset, and does not go back with a transaction', () => {
    const probe = new ProbeCard()
    probe.send(2, 1, 5)
    probe.reset()
    expect(probe.send(2, 4, 3)).toBe('0008009000')
    expect(probe.send(2, 0, 0)).toBe('0008009000')
  })

  it('power cut at any write: before or after', () => {
    const probe = new ProbeCard()
    probe.send(2, 2, 0, fromHex('00FF'))
    const image = probe.card.image()
    const opened = (store: CuttingStore) => new ProbeCard(Card.open({ profile: PROFILE, crypto: nodeCrypto, store }))
    const whole = new CuttingStore(image)
    const counting = opened(whole)
    const first = whole.writes
    expect(counting.send(2, 1, 1)).toBe('0100009000')
    const seen = new Set<string>()
    for (const { cutAt, tornBytes } of everyCut(whole.sizes.slice(first))) {
      const store = new CuttingStore(image, first + cutAt, tornBytes)
      expect(() => opened(store).send(2, 1, 1)).toThrow()
      const after = opened(new CuttingStore(store.read()!)).send(2, 0, 0)
      expect(['00FF009000', '0100009000']).toContain(after)
      seen.add(after)
    }
    expect(seen.size).toBe(2)
  })
})

describe('SensitiveResult', () => {
  it.each([
    ['a true', 1, 1, '9000'],
    ['a true that should be false', 1, 2, '6E01'],
    ['a boolean is no number', 1, 3, '6E01'],
    ['an equal comparison', 2, 3, '9000'],
    ['an equal comparison is more than -1', 2, 4, '9000'],
    ['a number is no boolean', 2, 1, '6E01'],
    ['a number that is not negative', 2, 0, '6E01'],
    ['a reference', 3, 5, '9000'],
    ['nothing after an exception', 4, 3, '6E01'],
    ['nothing at the beginning of a command', 0, 3, '6E01'],
    ['nothing after reset()', 2, 6, '6E01'],
  ] as const)('%s', (_, after, assertion, answer) => {
    const probe = new ProbeCard()
    probe.send(3, 3, 2)
    // equals() of an AID and an applet is false.
    const flipped = after === 1 ? ({ 1: 2, 2: 1 } as Record<number, number>)[assertion] : undefined
    expect(probe.send(3, flipped ?? assertion, after)).toBe(answer)
  })
})

describe('OneShot', () => {
  const key = fromHex('2B7E151628AED2A6ABF7158809CF4F3C')

  it('does its one thing', () => {
    const probe = new ProbeCard()
    expect(probe.send(4, 0, 0, key)).toBe(`${toHex(nodeCrypto.aesEcbEncrypt(key, key))}9000`)
    expect(probe.send(4, 1, 0, key)).toBe(`${toHex(nodeCrypto.sha256(key))}9000`)
    expect(probe.send(4, 2, 0, key)).toMatch(/^[0-9A-F]{16}9000$/)
    expect(probe.send(4, 3, 0, key)).toBe(`${toHex(nodeCrypto.aesCmac(key, key))}9000`)
  })

  it('has no update, nothing after close, and nothing in the next command', () => {
    const probe = new ProbeCard()
    expect(probe.send(4, 7, 0, key)).toBe('6C05')
    expect(probe.send(4, 6, 0, key)).toBe('6C05')
    expect(probe.send(4, 4, 0, key)).toBe('9000')
    expect(probe.send(4, 5, 0, key)).toBe('6C05')
  })

  it('is handed out again, so memory does not run out', () => {
    const probe = new ProbeCard()
    for (const how of [0, 1, 2, 3, 4]) probe.send(4, how, 0, key)
    const before = probe.card.report()
    for (let i = 0; i < 50; i++) for (const how of [0, 1, 2, 3, 4]) probe.send(4, how, 0, key)
    expect(probe.card.report()).toEqual(before)
  })
})

// Made with OpenSSL: a root with a key on P-256, and a certificate of an RSA key that it signed.
const ROOT =
  '3082019F30820145A00302010202146AB576CB9510152B523ED2C8B2D68176A1F2ED27300A06082A8648CE3D040302301D311B301906035504030C124772696463617264205465737420526F6F74301E170D3236313133303034303134335A170D3336313132373034303134335A301D311B301906035504030C124772696463617264205465737420526F6F743059301306072A8648CE3D020106082A8648CE3D03010703420004F72CA329914BA5A759B52BBC22FC704FF634D4FCE5DF4B50B5FCE735BAFB59E62A1CF41401AD51BB33AB595F330A52057E25E66A6ABF798BC02A78D3609872C8A3633061301D0603551D0E041604149E6888B8EB39108806D605786ADE14E456376411301F0603551D230418301680149E6888B8EB39108806D605786ADE14E456376411300F0603551D130101FF040530030101FF300E0603551D0F0101FF040403020204300A06082A8648CE3D0403020348003045022056E4788923C9562EF8C8B3363CC983B58BC98AD15AF7EC786D5C147D8812E3A4022100AB583BB53140DD799D9729E80157F42874930C260109AFCF1F8A04FD63294A3C'
const LEAF =
  '308201E130820188A00302010202021234300A06082A8648CE3D040302301D311B301906035504030C124772696463617264205465737420526F6F74301E170D3236313133303034303134335A170D3336313132373034303134335A30253111300F060355040A0C0847726964636172643110300E06035504030C076D65746572203130819F300D06092A864886F70D010101050003818D0030818902818100BAB8721447C0BD5E45EAA1B11927AB64A9B664714C005C52491A1CD8560C6E8C182BA51F8269449B3FAE2E814E788A1112FB2ED47A8D7F123D96D9C10681091565D28C56DA05B351F7B17EE43DDF5B48D019B67A754E048D5EB8B721D92C7A02FFF395B13E43080F4577728393054D94EC8F2F8DA1869E16A1DE7401EACD02A10203010001A3693067300E0603551D0F0101FF04040302078030150603551D11040E300C820A6D657465722E74657374301D0603551D0E041604142D839817B1E79CDA74E0BBAEDEF240DA191F72BC301F0603551D230418301680149E6888B8EB39108806D605786ADE14E456376411300A06082A8648CE3D040302034700304402201F04C3BC552175E13A914E05100CBF2A08FF8B75E4E3D3E852E2B3B29A861F9902205DEA7CC1C702CFF767C5212F0928FEB0B15040829EE0A4B7E97F7D09BADAB2B5'
const SUBJECT = '30253111300F060355040A0C0847726964636172643110300E06035504030C076D657465722031'

describe('X.509 certificates', () => {
  function withRoot(): ProbeCard {
    const probe = new ProbeCard()
    expect(ask(probe, ROOT, 0)).toBe('9000')
    return probe
  }

  /** Uploads a certificate, then has something done with it. */
  function ask(probe: ProbeCard, certificate: string, what: number, how = 0): string {
    const bytes = fromHex(certificate)
    for (let at = 0; at < bytes.length || at === 0; at += 200) {
      probe.send(6, at === 0 ? 0 : 1, 0, bytes.subarray(at, at + 200))
    }
    return probe.send(5, what, how)
  }

  // Which fields there were (no unique identifiers), four extensions, one of them critical, an RSA key of 1024 bits.
  const EVERYTHING = '1CFF' + '0004' + '0001' + '04' + '0400'

  it('shows its handler all fields, extensions and the key', () => {
    const probe = withRoot()
    expect(ask(probe, LEAF, 1)).toBe(`${EVERYTHING}9000`)
    expect(ask(probe, LEAF, 2)).toBe(`${EVERYTHING}9000`)
    expect(ask(probe, LEAF, 3)).toBe(`${EVERYTHING}9000`)
  })

  it('keeps what the handler wants', () => {
    const probe = withRoot()
    ask(probe, LEAF, 1)
    expect(probe.send(5, 5, 0, fromHex('0040'))).toBe(`${SUBJECT}9000`)
    expect(probe.send(5, 5, 0, fromHex('0002'))).toBe('020212349000')
    expect(probe.send(5, 6, 0, fromHex('551D0F'))).toBe('030207809000')
    expect(probe.send(5, 6, 0, fromHex('551D11'))).toBe('300C820A6D657465722E746573749000')
    expect(probe.send(5, 6, 0, fromHex('551D13'))).toBe('9000')
    expect(probe.send(5, 5, 0, fromHex('0003'))).toBe('6D02')
    expect(probe.send(5, 7, 0)).toBe('019000')
    ask(probe, LEAF, 1, 1)
    expect(probe.send(5, 5, 0, fromHex('0040'))).toBe(`${SUBJECT}9000`)
    expect(probe.send(5, 5, 0, fromHex('0002'))).toBe('9000')
    expect(probe.send(5, 6, 0, fromHex('551D0F'))).toBe('9000')
    // Without the certificate to be signed nothing can be verified.
    expect(probe.send(5, 7, 0)).toBe('6D03')
  })

  it('any bit of the body or the signature flipped is a wrong signature, or no certificate', () => {
    const probe = withRoot()
    const bytes = fromHex(LEAF)
    for (let bit = 5; bit < 8 * bytes.length; bit += 331) {
      const flipped = Uint8Array.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(['6D01', '6D04', '6C03', '6C01'], `bit ${bit}`).toContain(ask(probe, toHex(flipped), 2))
    }
    expect(ask(probe, LEAF.replace('03020780', '03020700'), 4)).toBe('0000009000')
    expect(ask(probe, LEAF, 4)).toBe('011CFF9000')
  })

  it('is refused where it ends too early, or a handler fails', () => {
    const probe = withRoot()
    for (const length of [0, 1, 4, 100, 400, LEAF.length / 2 - 1]) {
      expect(ask(probe, LEAF.slice(0, 2 * length), 3), `${length} bytes`).toBe('6D01')
    }
    expect(ask(probe, LEAF, 3, 2)).toBe('6D05')
    expect(ask(probe, LEAF, 1, 3)).toBe('6D06')
  })
})
