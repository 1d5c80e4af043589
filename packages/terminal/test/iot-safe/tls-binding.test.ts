import { nodeCrypto } from '@gridcard/crypto/node'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type BindingRole,
  bindingStatement,
  emitBindingProof,
  isCardRefusal,
  parseBindingProof,
  requireBindingProof,
} from '../../src/index.ts'
import {
  type BindChannelOptions,
  type BindingSigner,
  bindChannel,
  channelExporter,
  iotSafeSigner,
} from '../../src/node.ts'
import { byId, done, ready, text } from './iot-safe-bench.ts'
import { type Channel, openChannel, type TlsIdentity, tlsIdentities } from './tls-bench.ts'

const device = text('device 7')
const headend = text('head-end')

interface End {
  readonly signer: BindingSigner
  readonly publicKey: Uint8Array
}

let tls: { device: TlsIdentity; headend: TlsIdentity; attacker: TlsIdentity }
let ends: { device: End; headend: End; other: End }
const open: Channel[] = []

async function newEnd(identity: Uint8Array): Promise<End> {
  const { client } = await ready()
  return { signer: iotSafeSigner(client, byId(1), identity), publicKey: done(await client.readPublicKey(byId(1))) }
}

beforeAll(async () => {
  const [a, b, c] = await tlsIdentities('device', 'head-end', 'attacker')
  tls = { device: a!, headend: b!, attacker: c! }
  // The other card says that it is the device.
  ends = { device: await newEnd(device), headend: await newEnd(headend), other: await newEnd(device) }
}, 240_000)

afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

async function channel(client = tls.device, server = tls.headend, version?: 'TLSv1.2'): Promise<Channel> {
  const made = await openChannel(client, server, version)
  open.push(made)
  return made
}

const publicKeyOf = (identity: Uint8Array): Uint8Array | undefined => {
  if (nodeCrypto.constantTimeEqual(identity, device)) return ends.device.publicKey
  return nodeCrypto.constantTimeEqual(identity, headend) ? ends.headend.publicKey : undefined
}
const optionsOf = (own: BindingSigner, o: Partial<BindChannelOptions> = {}): BindChannelOptions => ({
  crypto: nodeCrypto,
  own,
  publicKeyOf,
  ...o,
})
const asDevice = (o: Partial<BindChannelOptions> = {}) => optionsOf(ends.device.signer, { peerIdentity: headend, ...o })
const asHeadend = (o: Partial<BindChannelOptions> = {}) => optionsOf(ends.headend.signer, o)

/** How an end's binding came out: `bound`, or why not. */
const outcome = (binding: Promise<unknown>): Promise<string> =>
  binding.then(
    () => 'bound',
    (error: { code?: string; place?: { reason?: string } }) => {
      expect(error.code).toBe('TERMINAL_BINDING_REFUSED')
      return error.place?.reason ?? 'no reason'
    },
  )

/** A proof as it stands in the channel, signed by whom one likes for what one likes. */
async function proofFor(
  end: End,
  o: { role: BindingRole; exporter: Uint8Array; identity?: Uint8Array; peerIdentity: Uint8Array },
): Promise<Uint8Array> {
  const { identity = end.signer.identity, role } = o
  const signature = await end.signer.sign(bindingStatement({ ...o, identity }))
  return framed(emitBindingProof({ role, identity, signature }))
}
const framed = (bytes: Uint8Array): Uint8Array => Uint8Array.of(bytes.length >> 8, bytes.length & 0xff, ...bytes)

/** What the head-end makes of what a client sends. */
async function headendGets(made: Channel, bytes: Uint8Array): Promise<string> {
  const binding = outcome(bindChannel(made.server, 'server', asHeadend()))
  made.client.end(bytes)
  const result = await binding
  if (result !== 'bound') expect(made.server.destroyed).toBe(true)
  return result
}

describe('a TLS channel bound to the cards at its ends', () => {
  it('both know each other afterwards, and what follows the proofs arrives', async () => {
    const { client, server } = await channel()
    const [there, here] = await Promise.all([
      bindChannel(client, 'client', asDevice()).then((bound) => {
        client.write('reading')
        return bound
      }),
      bindChannel(server, 'server', asHeadend()),
    ])
    expect([there.peerIdentity, here.peerIdentity]).toEqual([headend, device])
    const heard = await new Promise<string>((resolve) => {
      server.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
    expect(heard).toBe('reading')
  })

  it('what both ends export is 32 bytes of this channel alone', async () => {
    const [one, two] = [await channel(), await channel()]
    expect(channelExporter(one.client)).toHaveLength(32)
    expect(channelExporter(one.client)).toEqual(channelExporter(one.server))
    expect(channelExporter(one.client)).not.toEqual(channelExporter(two.client))
  })

  it('TLS 1.2 is refused at both ends', async () => {
    const { client, server } = await channel(tls.device, tls.headend, 'TLSv1.2')
    expect(await outcome(bindChannel(client, 'client', asDevice()))).toBe('protocol')
    expect(await outcome(bindChannel(server, 'server', asHeadend()))).toBe('protocol')
    expect([client.destroyed, server.destroyed]).toEqual([true, true])
  })
})

describe('a thief of the TLS key, without the card', () => {
  it('gets into the channel, and no further: another card does not sign for the device', async () => {
    const made = await channel()
    const exporter = channelExporter(made.client)
    const proof = await proofFor(ends.other, { role: 'client', exporter, peerIdentity: headend })
    expect(await headendGets(made, proof)).toBe('signature')
  })

  it('in the middle: the proof of the true device, relayed to another channel', async () => {
    // The device speaks to the attacker, who has a certificate of the same root; the attacker speaks to the head-end.
    const [outer, inner] = [await channel(tls.device, tls.attacker), await channel(tls.device, tls.headend)]
    const toHeadend = outcome(bindChannel(inner.server, 'server', asHeadend()))
    const fromDevice = outcome(bindChannel(outer.client, 'client', asDevice()))
    outer.server.pipe(inner.client)
    inner.client.pipe(outer.server)
    expect(await toHeadend).toBe('signature')
    inner.close()
    outer.server.end()
    expect(await fromDevice).toBe('ended')
  })

  it('in the middle of the answer: the proof of the true head-end, relayed', async () => {
    const [outer, inner] = [await channel(tls.device, tls.attacker), await channel(tls.attacker, tls.headend)]
    const fromDevice = outcome(bindChannel(outer.client, 'client', asDevice()))
    const exporter = channelExporter(inner.server)
    outer.server.write(await proofFor(ends.headend, { role: 'server', exporter, peerIdentity: device }))
    expect(await fromDevice).toBe('signature')
  })

  it('replays the proof of an earlier session', async () => {
    const earlier = await channel()
    const exporter = channelExporter(earlier.client)
    const proof = await proofFor(ends.device, { role: 'client', exporter, peerIdentity: headend })
    expect(await headendGets(earlier, proof)).toBe('bound')
    expect(await headendGets(await channel(), proof)).toBe('signature')
  })

  it('sends a proof that was made for somebody else, or for the other end', async () => {
    for (const [role, peerIdentity, reason] of [
      ['client', text('head-enc'), 'signature'],
      ['client', device, 'signature'],
      ['server', headend, 'role'],
    ] as const) {
      const made = await channel()
      const exporter = channelExporter(made.client)
      expect(await headendGets(made, await proofFor(ends.device, { role, exporter, peerIdentity }))).toBe(reason)
    }
    // The bytes of a proof of one end with the other role written on them.
    const made = await channel()
    const exporter = channelExporter(made.client)
    const proof = await proofFor(ends.device, { role: 'server', exporter, peerIdentity: headend })
    proof[2 + 4] = 1
    expect(await headendGets(made, proof)).toBe('signature')
  })

  it('throws the own proof of a client back at it', async () => {
    const { client, server } = await channel()
    const binding = outcome(bindChannel(client, 'client', asDevice({ peerIdentity: device })))
    server.pipe(server)
    expect(await binding).toBe('role')
  })

  it('says that it is somebody else, or nobody that is known', async () => {
    const made = await channel()
    const exporter = channelExporter(made.client)
    const asOther = { role: 'client', exporter, identity: text('device 8'), peerIdentity: headend } as const
    expect(await headendGets(made, await proofFor(ends.device, asOther))).toBe('stranger')
    const { client, server } = await channel()
    const binding = outcome(bindChannel(client, 'client', asDevice()))
    const answer = { role: 'server', exporter: channelExporter(server), peerIdentity: device } as const
    server.write(await proofFor(ends.device, answer))
    expect(await binding).toBe('stranger')
    const nobody = await channel()
    expect(await outcome(bindChannel(nobody.client, 'client', optionsOf(ends.device.signer)))).toBe('stranger')
  })

  it('sends less than a proof, more than one, nothing, or goes away', async () => {
    const made = await channel()
    const exporter = channelExporter(made.client)
    const proof = await proofFor(ends.device, { role: 'client', exporter, peerIdentity: headend })
    for (const [bytes, reason] of [
      [proof.slice(0, 1), 'ended'],
      [proof.slice(0, -1), 'ended'],
      [new Uint8Array(), 'ended'],
      [framed(proof.slice(2, -1)), 'form'],
      [framed(Uint8Array.of(...proof.slice(2), 0)), 'form'],
      [Uint8Array.of(0, 0), 'form'],
      [Uint8Array.of(0xff, 0xff), 'form'],
    ] as const) {
      expect(await headendGets(await channel(), bytes)).toBe(reason)
    }
    const silent = await channel()
    expect(await outcome(bindChannel(silent.server, 'server', asHeadend({ timeoutMs: 20 })))).toBe('time')
    const gone = await channel()
    gone.server.destroy()
    expect(await outcome(bindChannel(gone.server, 'server', asHeadend()))).toMatch(/^(ended|protocol)$/)
  })

  it('has a card whose key is not there', async () => {
    const { client } = await channel()
    const { client: card } = await ready()
    const signer = iotSafeSigner(card, byId(77), device)
    expect(await outcome(bindChannel(client, 'client', optionsOf(signer, { peerIdentity: headend })))).toBe('card')
  })
})

describe('the proof', () => {
  const exporter = new Uint8Array(32).fill(5)
  const statement = { role: 'client', exporter, identity: device, peerIdentity: headend } as const

  it('cut off at each length, with bytes behind it, with each byte changed: none passes', async () => {
    const signature = await ends.device.signer.sign(bindingStatement(statement))
    const bytes = emitBindingProof({ role: 'client', identity: device, signature })
    const check = (proofBytes: Uint8Array) => {
      const proof = parseBindingProof(proofBytes)
      const publicKey = publicKeyOf(proof.identity) ?? ends.device.publicKey
      requireBindingProof({ proof, role: 'client', exporter, identity: headend, publicKey, crypto: nodeCrypto })
    }
    check(bytes)
    const refusal = expect.objectContaining({ code: 'TERMINAL_BINDING_REFUSED' })
    for (let length = 0; length < bytes.length; length++) expect(() => check(bytes.slice(0, length))).toThrow(refusal)
    expect(() => check(Uint8Array.of(...bytes, 0))).toThrow(refusal)
    for (let at = 0; at < bytes.length; at++) {
      expect(() => check(bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte))), `byte ${at}`).toThrow(refusal)
    }
  })

  it('signs every part of the statement, each with its length', () => {
    const told = new Set(
      [
        statement,
        { ...statement, role: 'server' as const },
        { ...statement, exporter: new Uint8Array(32) },
        { ...statement, identity: text('device 7h'), peerIdentity: text('ead-end') },
        { ...statement, peerIdentity: text('head-enc') },
      ].map((one) => Buffer.from(bindingStatement(one)).toString('hex')),
    )
    expect(told.size).toBe(5)
    const refusal = expect.objectContaining({ code: 'TERMINAL_BINDING_REFUSED' })
    for (const wrong of [
      { ...statement, exporter: new Uint8Array(31) },
      { ...statement, identity: new Uint8Array() },
      { ...statement, peerIdentity: new Uint8Array(256) },
    ]) {
      expect(() => bindingStatement(wrong)).toThrow(refusal)
    }
  })

  it('of TLS itself nothing can be passed off as a statement', async () => {
    // What TLS 1.3 has a client sign begins with 64 spaces (RFC 8446 §4.4.3).
    const { client } = await ready()
    const handshake = text(`${' '.repeat(64)}TLS 1.3, client CertificateVerify\0${'h'.repeat(32)}`)
    const signature = done(await client.sign(byId(1), { text: handshake }))
    expect(isCardRefusal(await client.verify(byId(1), { text: bindingStatement(statement) }, signature))).toBe(true)
  })
})
