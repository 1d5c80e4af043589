import { fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type CipheringOptions,
  DlmsClient,
  DlmsServer,
  emitApdu,
  memoryCounterStore,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AssociationKeys, keySetOf } from '../keys/association-keys.ts'
import { explain } from './explain.ts'
import { hasProblem, type Layer, layerJson, layerLines } from './layer.ts'

// Frames of other makes: the examples of the Green Book, and captures published by u9n/dlms-cosem and xdom/jdlms.
// The keys are the books' own, known to all.
const keys: AssociationKeys = {
  suite: 0,
  clientSystemTitle: fromHex('4D4D4D0000BC614E'),
  serverSystemTitle: fromHex('4142434445464748'),
  blockCipherKey: fromHex('000102030405060708090A0B0C0D0E0F'),
  authenticationKey: fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'),
  path: undefined,
}

const frames = {
  aarq: '601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0',
  password:
    '6036A1090607608574050801018A0207808B0760857405080201AC0A80083132333435363738BE10040E01000000065F1F0400007E1F04B0',
  aare: '6129A109060760857405080101A203020101A305A103020102BE10040E0800065F1F040000501F01F40007',
  aareGmac:
    '6142A109060760857405080101A203020100A305A10302010E88020780890760857405080205AA0A8008503677524A323146BE10040E0800065F1F040000501F01F40007',
  get: 'C001C1000100002B0100FF0200',
  getList: 'C003C102000100002A0000FF020000080000010000FF0200',
  next: 'C002C100000001',
  value: 'C401C1000600001391',
  refused: 'C401C10101',
  set: 'C101C100080000010000FF0200090C07E50118FF0E303950FFC400',
  action: 'C301C0000F0000280000FF010109111000001A90E6D2221FA2FD85EED61ACC22',
  actionDone: 'C701C000010009111000001AFDE8857B728A3499106AA665D1',
  notification: '0F000001DB000922125A8591360000000049000000110000000A5A8513D014800000000D0000000A0100',
  release: '6203800100',
  exception: 'D8010600000071',
  general: 'DB084D4D4D0000BC614E1E3000000055B5FE609D026217943F169D4235F4DDCE015AEB99A4A24A29C7',
  suite1: 'DB084D4D4D0000BC614E1E310000000230CA3FF2C2E065A0FE7F093FE288EA12D64D950069E1F3A1FD',
  hls: 'CB313000000054358BD5859B008524F6D70604C91B044512904DF015BE7A237D46C7DC36296E5C11E8EA42548B9A776DF25417',
  blockTransfer: 'E0810001000100',
  compactArray: '130202121106000102000304',
  wrapper: '000100100001000DC001C1000100002A0000FF0200',
  hdlcGet: '7EA0199575767837E6E600C0018100080000010000FF020065D77E',
  hdlcSnrm: '7EA00802232193BD647E',
  hdlcAarq: '7EA02C02232110AF9FE6E600601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFFC5E47E',
} as const

const linesOf = (layers: readonly Layer[], columns = 80) => layers.flatMap((layer) => layerLines(layer, columns))
const text = async (hex: string, withKeys?: AssociationKeys) =>
  linesOf(await explain(fromHex(hex), withKeys)).join('\n')

describe('what cannot be read is told, and where', () => {
  test.each([
    ['', 'no octets'],
    ['DEADBEEF', 'neither a frame, nor an APDU, nor a value'],
    ['C001C1000100002B', 'truncated'],
    ['C009C1', 'unknown choice 9'],
    ['DF00', '! '],
    ['0001001000', 'cut off in its header'],
    ['00010010000100FFC001', 'the header tells of 255 bytes, 2 are there'],
    [`${frames.wrapper}FFFF`, 'no further frame'],
    ['7E7E7E', 'nothing but flags'],
    ['7EA0199575', 'cut off: 27 bytes'],
    [frames.hdlcGet.replace('65D7', '65D6'), 'check sequence is wrong'],
  ])('%s: %s', async (hex, problem) => {
    const layers = await explain(fromHex(hex))
    expect(layers.some(hasProblem)).toBe(true)
    expect(linesOf(layers).join('\n')).toContain(problem)
  })
  test('inside a frame that is whole', async () => {
    expect(await text('0001001000010003C00199')).toMatch(/^wrapper, 11 bytes\n {2}from .*\n {2}to .*\n {2}get-request/)
  })
  test('a ciphered APDU with other keys, another sender, another suite, or changed', async () => {
    const otherKey = { ...keys, blockCipherKey: fromHex('00112233445566778899AABBCCDDEEFF') }
    expect(await text(frames.general, otherKey)).toContain('the tag is wrong')
    const otherTitle = { ...keys, clientSystemTitle: fromHex('4752430000000001') }
    expect(await text(frames.general, otherTitle)).toContain('a system title that is not in the key file')
    expect(await text(frames.suite1, keys)).toContain('of another suite than the keys')
    expect(await text(frames.suite1, { ...keys, suite: 1 })).toContain('tag right, sent by the client')
    expect(await text(frames.general.replace(/C7$/, 'C8'), keys)).toContain('the tag is wrong')
    expect(await text('C80A200123456700112233', keys)).toMatch(/not authenticated|too short|truncated/)
  })
})

describe('layers', () => {
  test('of a GET in the wrapper', async () => {
    expect(linesOf(await explain(fromHex(frames.wrapper)))).toEqual([
      'wrapper, 21 bytes',
      '  from  16, public client',
      '  to    1, management',
      '  get-request, 13 bytes',
      '    invoke id  1, confirmed, high priority',
      '    attribute  data/0.0.42.0.0.255/value',
    ])
  })
  test('of two wrapper frames one after another', async () => {
    expect(await explain(fromHex(frames.wrapper + frames.wrapper))).toHaveLength(2)
  })
  test('of HDLC, with a flag between frames or two, and segments put together', async () => {
    expect(await text(frames.hdlcAarq)).toMatch(/frame {2}I \(information\), N\(S\) 0, N\(R\) 0, poll\/final\n/)
    expect(await text(frames.hdlcAarq)).toContain('aarq, 31 bytes')
    const shared = frames.hdlcSnrm + frames.hdlcGet.slice(2)
    for (const both of [shared, frames.hdlcSnrm + frames.hdlcGet]) {
      const layers = await explain(fromHex(both))
      expect(layers.map(({ inside }) => inside.map(({ name }) => name))).toEqual([[], ['get-request']])
    }
  })
  test('of an AARE that is a rejection', async () => {
    const told = await text(frames.aare)
    expect(told).toContain('result      rejected-permanent')
    expect(told).toContain('application-context-name-not-supported (acse-service-user)')
    expect(told).toContain('  initiate-response, 14 bytes')
  })
  test('of values, times and results', async () => {
    expect(await text(frames.value)).toContain('value      double-long-unsigned 5009')
    expect(await text(frames.refused)).toContain('result     hardware-fault')
    expect(await text(frames.set)).toContain('clock/0.0.1.0.0.255/time')
    expect(await text(frames.set)).toContain('2021-01-24T14:48:57.80+01:00')
    expect(await text(frames.exception)).toContain('expected counter  113')
    expect(await text(frames.compactArray)).toContain('a bare value')
  })
  test('of a ciphered APDU, opened with keys', async () => {
    expect(await text(frames.general)).toContain('--key-file opens it')
    const told = await text(frames.general, keys)
    expect(told).toContain('4D4D4D0000BC614E (MMM)')
    expect(told).toContain('30: suite 0, authenticated, encrypted')
    expect(told).toContain('tag right, sent by the client')
    expect(told).toMatch(/\n {2}get-request, \d+ bytes\n/)
    expect(await text(frames.hls, keys)).toContain('association-ln/0.0.40.0.0.255/reply-to-hls-authentication')
  })
})

describe('secrets are not shown', () => {
  test('a password', async () => {
    expect(await text(frames.password)).toMatch(/password +8 bytes, not shown/)
    expect(await text(frames.password)).not.toMatch(/12345678|31323334/)
  })
  test('a dedicated key', async () => {
    const key = 'A0A1A2A3A4A5A6A7A8A9AAABACADAEAF'
    const told = await text(`010110${key}0000065F1F0400007E1F04B0`)
    expect(told).toMatch(/dedicated key +16 bytes, not shown/)
    expect(told).not.toContain(key)
    for (const broken of [`010110${key}00`, `010110${key}0000065F1F0400007E1F04B0FF`]) {
      expect(await text(broken)).not.toContain(key.slice(0, 8))
    }
  })
  test('what stands in an APDU that breaks off', async () => {
    expect(await text(frames.password.slice(0, -2))).not.toContain('31323334')
    expect(await text('C101C1000F0000280000FF07000908A1A2A3A4A5A6A7')).not.toContain('A1A2A3A4')
  })
  test.each([
    ['the secret of an association, written', 'C101C1000F0000280000FF0700 0908A1A2A3A4A5A6A7A8'],
    ['the secret of an association, changed', 'C301C1000F0000280000FF02010908A1A2A3A4A5A6A7A8'],
    ['keys for a security setup', 'C301C10040 00002B0000FF02010908A1A2A3A4A5A6A7A8'],
    ['a block of something', 'C103C101 00000001 08A1A2A3A4A5A6A7A8'],
  ])('%s', async (_what, hex) => {
    const told = await text(hex)
    expect(told).toContain('not shown: it may hold keys')
    expect(told).not.toContain('A1A2A3A4')
  })
  test('the keys it opens with', async () => {
    for (const hex of Object.values(frames)) {
      const told = JSON.stringify((await explain(fromHex(hex), keys)).map(layerJson))
      expect(told).not.toMatch(/000102030405060708090A0B0C0D0E0F|D0D1D2D3D4D5D6D7/i)
    }
  })
})

describe('rubbish', () => {
  const sound = async (bytes: Uint8Array) => {
    const layers = await explain(bytes, keys)
    expect(layers.length).toBeGreaterThan(0)
    for (const columns of [40, 80]) {
      const lines = linesOf(layers, columns)
      expect(Math.max(...lines.map((line) => line.length)), toHex(bytes)).toBeLessThanOrEqual(columns + 10)
      expect(lines.every((line) => /^[^\p{Cc}]*$/u.test(line))).toBe(true)
    }
    JSON.stringify(layers.map(layerJson))
  }
  test('frames cut off at every length', async () => {
    for (const hex of Object.values(frames)) {
      const whole = fromHex(hex)
      for (let length = 0; length < whole.length; length++) await sound(whole.subarray(0, length))
    }
  })
  test('frames with each bit turned', async () => {
    for (const hex of Object.values(frames)) {
      const whole = fromHex(hex)
      for (let bit = 0; bit < whole.length * 8; bit++) {
        const changed = whole.slice()
        changed[bit >> 3]! ^= 0x80 >> (bit & 7)
        await sound(changed)
      }
    }
  })
  // GRIDCARD_FUZZ=100000 by night.
  const count = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)
  test(`${count} times any octets, alone, behind a known beginning, or in place of some`, {
    timeout: 3_600_000,
  }, async () => {
    const whole = Object.values(frames).map((hex) => fromHex(hex))
    const random = fc.uint8Array({ maxLength: 120 })
    const octets = fc.oneof(
      random,
      fc
        .tuple(fc.constantFrom(...whole), random)
        .map(([frame, tail]) => Uint8Array.of(...frame.subarray(0, 4), ...tail)),
      fc.tuple(fc.constantFrom(...whole), fc.nat(200), fc.uint8Array({ maxLength: 4 })).map(([frame, at, part]) => {
        const from = at % frame.length
        return Uint8Array.of(...frame.subarray(0, from), ...part, ...frame.subarray(from + part.length))
      }),
    )
    await fc.assert(fc.asyncProperty(octets, sound), { numRuns: count })
  })
  test('nested without end', async () => {
    await sound(new Uint8Array(5000).fill(0x02))
    let inside = fromHex(frames.get)
    for (let i = 0; i < 12; i++) {
      inside = Uint8Array.of(0x62, inside.length + 4, 0xbe, inside.length + 2, 0x04, inside.length, ...inside)
    }
    await sound(inside)
  })
})

describe('protected APDUs of suites 0 to 2', () => {
  const p256 = ecDomain('P-256')
  const pair = () => {
    const privateKey = nodeCrypto.generateEcPrivateKey(p256)
    return { privateKey, publicKey: nodeCrypto.ecPublicKey(p256, privateKey).slice(1) }
  }
  const [clientSigning, serverSigning, clientAgreement, serverAgreement] = [pair(), pair(), pair(), pair()]
  const all: AssociationKeys = {
    ...keys,
    suite: 1,
    dedicatedKey: nodeCrypto.randomBytes(16),
    masterKey: nodeCrypto.randomBytes(16),
    clientSigningKey: clientSigning.privateKey,
    clientSigningPublicKey: clientSigning.publicKey,
    serverSigningPublicKey: serverSigning.publicKey,
    clientAgreementPublicKey: clientAgreement.publicKey,
    serverAgreementKey: serverAgreement.privateKey,
    serverAgreementPublicKey: serverAgreement.publicKey,
  }
  const get = fromHex('C001C100080000010000FF0200')

  /** What a client with these keys sends. */
  async function sent(ciphering: CipheringOptions): Promise<Uint8Array> {
    let last = new Uint8Array(0)
    const server = new DlmsServer({
      objects: [],
      associations: [
        {
          name: 'm',
          clientSap: 1,
          serverSap: 1,
          mechanism: 'none',
          ciphered: true,
          slot: 0,
          suite: 1,
          access: () => true,
        },
      ],
      security: moduleOf('server'),
    })
    const connection = server.connection()
    const client = new DlmsClient({
      transport: {
        async send(apdu) {
          last = Uint8Array.from(apdu)
          const [answer] = await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu })
          return answer ?? new Uint8Array(0)
        },
      },
      mechanism: 'none',
      ciphering: { suite: 1, ...ciphering },
      security: moduleOf('client'),
      slot: 0,
      serverSystemTitle: keys.serverSystemTitle,
    })
    await client.associate()
    await client.get({ classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2 }).catch(() => {})
    return last
  }
  const whole: AssociationKeys = { ...all, serverSigningKey: serverSigning.privateKey }
  const moduleOf = (end: 'client' | 'server') =>
    new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: end === 'client' ? keys.clientSystemTitle : keys.serverSystemTitle,
      slots: () => keySetOf(whole, end),
      counters: memoryCounterStore(),
    })

  const linesOf = async (frame: Uint8Array, given?: AssociationKeys) =>
    (await explain(frame, given)).flatMap((layer) => layerLines(layer, 200)).join('\n')

  test.each<[string, CipheringOptions, RegExp]>([
    ['general-glo-ciphering', { form: 'general' }, /general-glo-ciphering[\s\S]*tag right, sent by the client/],
    ['wrapped key', { form: 'general-ciphering', key: 'wrapped' }, /wrapped under the master key[\s\S]*tag right/],
    ['one-pass', { form: 'general-ciphering', key: 'one-pass' }, /agreed: one-pass[\s\S]*tag right/],
    ['signed', { policy: 0xfc }, /signature right, signed by the client[\s\S]*tag right, sent by the client/],
  ])('%s: opened with the keys, and not without', async (_name, ciphering, pattern) => {
    const frame = await sent(ciphering)
    const without = await linesOf(frame)
    expect(without).not.toMatch(/0\.0\.1\.0\.0\.255/)
    expect(without).toMatch(/--key-file/)
    const lines = await linesOf(frame, whole)
    expect(lines).toMatch(pattern)
    expect(lines).toMatch(/0\.0\.1\.0\.0\.255/)
    const changed = frame.with(frame.length - 1, frame.at(-1)! ^ 1)
    expect((await explain(changed, whole)).some(hasProblem)).toBe(true)
  })

  test('a dedicated key opens what was recorded, when it is in the key file', async () => {
    const client = moduleOf('client')
    const handle = await client.sessionKeys.openDedicated(0, all.dedicatedKey!)
    if ('refused' in handle) throw new Error(handle.refused)
    const secured = await client.protect({ slot: 0, securityControl: 0x31, plaintext: get, key: handle })
    if ('refused' in secured) throw new Error(secured.refused)
    const frame = emitApdu({ kind: 'ded-ciphered', tag: 0xd0, securityControl: 0x31, ...secured })
    const { dedicatedKey: _gone, ...others } = whole
    expect(await linesOf(frame, others)).toMatch(/the key it needs is not in the key file/)
    expect(await linesOf(frame, whole)).toMatch(/tag right[\s\S]*0\.0\.1\.0\.0\.255/)
  })
})
