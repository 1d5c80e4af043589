import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  type CredentialUpdate,
  commandClasses,
  emitCredentialUpdate,
  emitKeyEstablishment,
  emitQuotaGrant,
  keyEstablishmentInfo,
  keyIds,
  meterSetTree,
  nextGeneration,
  partyCells,
  purposes,
  type QuotaGrant,
  meteringStatusWords as SW,
  tokenHead,
  tokenMacInput,
} from '../../src/index.ts'
import {
  changeOfSupplier,
  command,
  controller,
  expectRefused,
  headend,
  isSignature,
  kek,
  keys,
  type MeteringCard,
  makeParty,
  NOW,
  network,
  openBody,
  own,
  type Party,
  prepayKey,
  publicKeyOf,
  ready,
  require,
  restart,
  root,
  seal,
  sign,
  supplier,
  u32,
} from './metering-bench.ts'

const text = fromHex('C0010000080000010000FF0200')
const payload = fromHex('0102030405')
const { disconnect, reconnect, limiter, unlock, prepay } = commandClasses

describe('VERIFY COMMAND', () => {
  it('target, party, class, signature, MAC, counter, time: each wrong one is refused, and nothing changes', async () => {
    const { client } = await ready()
    const good = (o: Partial<Parameters<typeof command>[0]> = {}) => command({ payload, macCounter: 1, ...o })
    expectRefused(await client.verifyCommand(NOW, good({ target: headend })), SW.wrongTarget)
    expectRefused(await client.verifyCommand(NOW, good({ party: partyCells.networkOperator, by: network })), SW.policy)
    expectRefused(await client.verifyCommand(NOW, good({ commandClass: 7 })), SW.policy)
    expectRefused(await client.verifyCommand(NOW, good({ commandClass: 200 })), SW.policy)
    expectRefused(await client.verifyCommand(NOW, good({ by: network })), SW.authenticationFailed)
    expectRefused(await client.verifyCommand(NOW, command({ payload })), 0x6700)
    const unmaced = good()
    unmaced[unmaced.length - 1]! ^= 1
    expectRefused(await client.verifyCommand(NOW, unmaced), SW.authenticationFailed)
    expectRefused(await client.verifyCommand(NOW, good({ counter: 0n })), SW.counterBelowFloor)
    expectRefused(await client.verifyCommand(NOW + 4000, good()), SW.notNow)
    expectRefused(await client.verifyCommand(NOW - 61, good()), SW.notNow)
    expect(require(await client.credential(partyCells.supplier, disconnect)).counter).toBe(0n)
    expect(require(await client.counters(1)).messageFloor).toBe(0)

    const { ticket, commandClass } = require(await client.verifyCommand(NOW, good()))
    expect(commandClass).toBe(disconnect)
    expect(ticket).toHaveLength(8)
    expect(require(await client.credential(partyCells.supplier, disconnect)).counter).toBe(1n)
    expect(require(await client.counters(1)).messageFloor).toBe(2)
  })

  it('a replay is refused, with a fresh MAC, too; also after power was off; time does not go back', async () => {
    const made = await ready()
    const { client } = made
    require(await client.verifyCommand(NOW, command({ payload, macCounter: 1 })))
    expectRefused(await client.verifyCommand(NOW, command({ payload, macCounter: 1 })), SW.counterBelowFloor)
    expectRefused(await client.verifyCommand(NOW, command({ payload, macCounter: 2 })), SW.counterBelowFloor)
    expectRefused(
      await client.verifyCommand(NOW, command({ payload, macCounter: 1, counter: 2n })),
      SW.counterBelowFloor,
    )
    await restart(made)
    expectRefused(await client.verifyCommand(NOW, command({ payload, macCounter: 3 })), SW.counterBelowFloor)
    expectRefused(await client.verifyCommand(NOW - 1, command({ payload, macCounter: 3, counter: 2n })), SW.notNow)
    require(await client.verifyCommand(NOW, command({ payload, macCounter: 3, counter: 2n })))
  })

  it('a ticket is good once, for its payload, until the next one or until the power goes', async () => {
    const made = await ready()
    const { client } = made
    const order = async (counter: bigint) =>
      require(await client.verifyCommand(NOW, command({ payload, counter, macCounter: Number(counter) }))).ticket
    expectRefused(await client.redeemTicket(new Uint8Array(8), payload), SW.conditions)
    expectRefused(await client.redeemTicket(new Uint8Array(8), payload), SW.conditions)
    const first = await order(1n)
    expectRefused(await client.redeemTicket(first, fromHex('0102030406')), SW.authenticationFailed)
    expectRefused(await client.redeemTicket(first, payload), SW.conditions)
    const second = await order(2n)
    const third = await order(3n)
    expectRefused(await client.redeemTicket(second, payload), SW.authenticationFailed)
    expectRefused(await client.redeemTicket(third, payload), SW.conditions)
    const fourth = await order(4n)
    await restart(made)
    expectRefused(await client.redeemTicket(fourth, payload), SW.conditions)
    const fifth = await order(5n)
    require(await client.redeemTicket(fifth, payload))
    expectRefused(await client.redeemTicket(fifth, payload), SW.conditions)
  })

  it('the response says what came of it, once, signed by the device', async () => {
    const { client } = await ready()
    expectRefused(await client.signResponse(0, NOW), SW.conditions)
    const ordered = command({ payload, macCounter: 1 })
    const { ticket } = require(await client.verifyCommand(NOW, ordered))
    expectRefused(await client.signResponse(0, NOW), SW.conditions)
    require(await client.verifyCommand(NOW, command({ payload, counter: 2n, macCounter: 2 })))
    expectRefused(await client.redeemTicket(ticket, payload), SW.authenticationFailed)
    const last = require(await client.verifyCommand(NOW, command({ payload, counter: 3n, macCounter: 3 })))
    require(await client.redeemTicket(last.ticket, payload))
    const response = require(await client.signResponse(0x1234, NOW + 1))
    const statement = response.slice(0, -64)
    expect(toHex(statement.slice(58))).toBe(`1234${toHex(u32(NOW + 1))}`)
    const point = require(await client.publicKey(1, 'sign'))
    expect(isSignature(point, concatBytes(purposes.response, statement), response.slice(-64))).toBe(true)
    expectRefused(await client.signResponse(0, NOW), SW.conditions)
  })

  it('no more than the policy allows in a window', async () => {
    const { client } = await ready()
    const limit = (counter: bigint, now: number) =>
      client.verifyCommand(now, command({ payload, commandClass: limiter, counter, notAfter: NOW + 90_000 }))
    require(await limit(1n, NOW))
    require(await limit(2n, NOW + 10))
    expectRefused(await limit(3n, NOW + 3599), SW.policy)
    require(await limit(3n, NOW + 3600))
    require(await limit(4n, NOW + 3601))
    expectRefused(await limit(5n, NOW + 3602), SW.policy)
  })
})

describe('SET CREDENTIAL', () => {
  const next = makeParty('4752435355503032')
  const signed = (o: Partial<CredentialUpdate> & { by: Party }) => {
    const { by, ...wishes } = o
    const update = emitCredentialUpdate({
      target: own,
      party: partyCells.supplier,
      newOwner: false,
      counter: 1n,
      entries: [
        {
          cell: partyCells.supplier,
          counterFloor: 100n,
          entity: next.entity,
          use: 'sign',
          publicKey: publicKeyOf(next.sign),
        },
      ],
      ...wishes,
    })
    return concatBytes(update, sign(by.sign, purposes.credentialUpdate, update))
  }
  const entryOf = (cell: number, party: Party) => ({
    cell,
    counterFloor: 5n,
    entity: party.entity,
    use: 'sign' as const,
    publicKey: publicKeyOf(party.sign),
  })

  it('who may replace whom, as the rules say', async () => {
    const cells = [partyCells.root, partyCells.supplier, partyCells.networkOperator, partyCells.changeOfSupplier]
    const parties = [root, supplier, network, changeOfSupplier]
    const mayReplace: Record<number, readonly number[]> = { 0: [0], 2: [0, 2, 5], 3: [0, 3], 5: [0, 5] }
    for (const [i, by] of parties.entries()) {
      for (const cell of cells) {
        const { client } = await ready()
        const update = signed({ by, party: cells[i]!, entries: [entryOf(cell, next)] })
        const answer = await client.setCredential(update)
        if (mayReplace[cell]!.includes(cells[i]!)) require(answer)
        else expectRefused(answer, SW.policy)
      }
    }
  })

  it('the former party’s commands count no more; floors of the new one hold', async () => {
    const { client } = await ready()
    require(await client.setCredential(signed({ by: supplier })))
    const by = (party: Party, counter: bigint) => command({ payload, macCounter: 1, counter, by: party })
    expectRefused(await client.verifyCommand(NOW, by(supplier, 200n)), SW.authenticationFailed)
    expectRefused(await client.verifyCommand(NOW, by(next, 100n)), SW.counterBelowFloor)
    require(await client.verifyCommand(NOW, by(next, 101n)))
    expectRefused(await client.setCredential(signed({ by: supplier, counter: 2n })), SW.authenticationFailed)
    const shown = require(await client.credential(partyCells.supplier, disconnect))
    expect(toHex(shown.entity)).toBe(toHex(next.entity))
    expect(shown.canAgree).toBe(false)
  })

  it('a replay, another target, a broken list and two cells of which one is not allowed change nothing', async () => {
    const { client } = await ready()
    expectRefused(await client.setCredential(signed({ by: supplier, target: headend })), SW.wrongTarget)
    const entries = [entryOf(partyCells.supplier, next), entryOf(partyCells.networkOperator, next)]
    expectRefused(await client.setCredential(signed({ by: supplier, entries })), SW.policy)
    expectRefused(await client.setCredential(signed({ by: supplier }).slice(0, -1)), 0x6700)
    expect(toHex(require(await client.credential(partyCells.supplier, 0)).entity)).toBe(toHex(supplier.entity))
    require(await client.setCredential(signed({ by: changeOfSupplier, party: partyCells.changeOfSupplier })))
    const again = signed({ by: changeOfSupplier, party: partyCells.changeOfSupplier })
    expectRefused(await client.setCredential(again), SW.counterBelowFloor)
  })

  it('a new owner: keys, master key, tickets, quotas and prepay keys of the old one are dead', async () => {
    const made = await ready()
    const { client } = made
    await grant(made)
    const { ticket } = require(await client.verifyCommand(NOW, command({ payload, macCounter: 1 })))
    const wrapped = nodeCrypto.aesKeyWrap(kek, nodeCrypto.randomBytes(16))
    expectRefused(
      await client.setCredential(signed({ by: root, party: 0, newOwner: true, entries: [entryOf(3, next)] })),
      SW.policy,
    )
    require(await client.setCredential(signed({ by: root, party: partyCells.root, newOwner: true })))
    expectRefused(await client.redeemTicket(ticket, payload), SW.conditions)
    expectRefused(await client.protect(0, 0x30, text), SW.notThere)
    const sealed = seal({ slot: 0, control: 0x30, counter: 50, plaintext: text })
    expectRefused(await client.unprotect(0, 0x30, 50, sealed), SW.notThere)
    expectRefused(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped }]), SW.notThere)
    expectRefused(await client.token(makeToken(1n, 1, 500)), SW.notThere)
    expect(require(await client.quota(0)).isGranted).toBe(false)
    expectRefused(
      await client.verifyCommand(NOW, command({ payload, macCounter: 2, counter: 2n })),
      SW.authenticationFailed,
    )
    expect((await client.status()).loadedSlots).toBe(0)
  })

  it('the new owner agrees a master key, puts keys of its own, and the device works for it', async () => {
    const { client } = await ready()
    require(await client.setCredential(signed({ by: root, party: partyCells.root, newOwner: true, counter: 1n })))
    const domain = ecDomain('P-256')
    const ephemeral = nodeCrypto.generateEcPrivateKey(domain)
    const message = emitKeyEstablishment({
      target: own,
      party: partyCells.root,
      counter: 2n,
      ephemeralPublicKey: nodeCrypto.ecPublicKey(domain, ephemeral),
    })
    const forged = concatBytes(message, sign(supplier.sign, purposes.keyEstablishment, message))
    expectRefused(await client.establishKek(1, 16, forged), SW.authenticationFailed)
    const establishment = concatBytes(message, sign(root.sign, purposes.keyEstablishment, message))
    require(await client.establishKek(1, 16, establishment))
    expectRefused(await client.establishKek(1, 16, establishment), SW.counterBelowFloor)
    const z = nodeCrypto.ecdh(domain, ephemeral, require(await client.publicKey(1, 'agree')))
    const master = nodeCrypto.concatenationKdf('sha256', z, keyEstablishmentInfo(own, 2n), 16)

    const unicast = nodeCrypto.randomBytes(16)
    const authentication = nodeCrypto.randomBytes(16)
    const title = fromHex('4752434E45573031')
    const wrap = (value: Uint8Array) => nodeCrypto.aesKeyWrap(master, value)
    const unicastOnly = [{ id: keyIds.unicast, wrapped: wrap(unicast) }]
    expectRefused(await client.unwrapKeys(0, unicastOnly), 0x6a80)
    require(
      await client.unwrapKeys(0, [
        ...unicastOnly,
        { id: keyIds.authentication, wrapped: wrap(authentication) },
        { id: keyIds.peerTitle, wrapped: wrap(concatBytes(title, new Uint8Array(8))) },
      ]),
    )
    const body = nodeCrypto.gcmSeal(
      unicast,
      concatBytes(title, u32(3)),
      concatBytes(Uint8Array.of(0x30), authentication),
      text,
      12,
    )
    expect(toHex(require(await client.unprotect(nextGeneration, 0x30, 3, body)).plaintext)).toBe(toHex(text))
    require(await client.protect(0, 0x30, text))
    const other = [{ id: keyIds.peerTitle, wrapped: wrap(concatBytes(headend, new Uint8Array(8))) }]
    expectRefused(await client.unwrapKeys(0, other), SW.policy)
  })
})

describe('changing keys', () => {
  const wrap = (value: Uint8Array, by = kek) => nodeCrypto.aesKeyWrap(by, value)

  it('the new key waits for its first genuine message, then the old one is gone; the send counter goes on', async () => {
    const { client } = await ready()
    const key = nodeCrypto.randomBytes(16)
    require(await client.protect(0, 0x30, text))
    require(await client.unprotect(0, 0x30, 9, seal({ slot: 0, control: 0x30, counter: 9, plaintext: text })))
    require(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(key) }]))
    expect((await client.status()).changingSlots).toBe(1)
    require(await client.protect(0, 0x30, text))
    const under = (counter: number) => seal({ slot: 0, control: 0x30, counter, plaintext: text, key })
    expectRefused(await client.unprotect(0, 0x30, 10, under(10)), SW.authenticationFailed)
    require(await client.unprotect(nextGeneration, 0x30, 0, under(0)))
    expect((await client.status()).changingSlots).toBe(0)
    expectRefused(await client.unprotect(nextGeneration, 0x30, 1, under(1)), SW.notThere)
    expectRefused(
      await client.unprotect(0, 0x30, 10, seal({ slot: 0, control: 0x30, counter: 10, plaintext: text })),
      SW.authenticationFailed,
    )
    require(await client.unprotect(0, 0x30, 1, under(1)))
    const { invocationCounter: counter, body } = require(await client.protect(0, 0x30, text))
    expect(counter).toBe(2)
    expect(openBody({ slot: 0, control: 0x30, counter, body, key })).toBeDefined()
  })

  it('without a genuine message the old key is alone again after three power-ups; or when the host gives up', async () => {
    const made = await ready()
    const { client } = made
    const put = () => client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(nodeCrypto.randomBytes(16)) }])
    require(await put())
    for (const still of [1, 1, 0]) {
      await restart(made)
      expect((await client.status()).changingSlots).toBe(still)
    }
    require(await put())
    require(await client.abandonChange(0))
    expect((await client.status()).changingSlots).toBe(0)
    require(await client.unprotect(0, 0x30, 0, seal({ slot: 0, control: 0x30, counter: 0, plaintext: text })))
  })

  it('a key that was here before is refused: its floors would begin anew', async () => {
    const { client } = await ready()
    const first = fromHex(keys[0].unicast)
    expectRefused(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(first) }]), SW.counterBelowFloor)
    const key = nodeCrypto.randomBytes(16)
    require(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(key) }]))
    expectRefused(await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(key) }]), SW.counterBelowFloor)
  })

  it('a wrong wrap among several changes nothing', async () => {
    const { client } = await ready()
    const damaged = wrap(nodeCrypto.randomBytes(16))
    damaged[3]! ^= 1
    const list = [
      { id: keyIds.unicast, wrapped: wrap(nodeCrypto.randomBytes(16)) },
      { id: keyIds.authentication, wrapped: damaged },
    ]
    expectRefused(await client.unwrapKeys(0, list), SW.authenticationFailed)
    expect((await client.status()).changingSlots).toBe(0)
    const suite2 = [{ id: keyIds.unicast, wrapped: wrap(nodeCrypto.randomBytes(32)) }]
    require(await client.unwrapKeys(2, suite2))
    expectRefused(await client.unwrapKeys(0, [{ id: 9, wrapped: wrap(nodeCrypto.randomBytes(16)) }]), 0x6a80)
  })

  it('the master key changes in two steps, too', async () => {
    const { client } = await ready()
    const master = nodeCrypto.randomBytes(16)
    require(await client.unwrapKeys(0, [{ id: keyIds.master, wrapped: wrap(master) }]))
    const key = () => [{ id: keyIds.unicast, wrapped: wrap(nodeCrypto.randomBytes(16), master) }]
    expectRefused(await client.unwrapKeys(0, key()), SW.authenticationFailed)
    require(await client.unwrapKeys(0, key(), true))
    require(await client.unwrapKeys(0, key()))
    expectRefused(
      await client.unwrapKeys(0, [{ id: keyIds.unicast, wrapped: wrap(nodeCrypto.randomBytes(16)) }]),
      SW.authenticationFailed,
    )
  })

  it('a key made here leaves once, wrapped under a session key', async () => {
    const { client } = await ready()
    const session = fromHex('A0A1A2A3A4A5A6A7A8A9AAABACADAEAF')
    expectRefused(await client.wrapKey(0, 0x10), SW.notThere)
    require(await client.putDedicatedKey(0x10, 0, session))
    const key = nodeCrypto.aesKeyUnwrap(session, require(await client.wrapKey(0, 0x10)))!
    expect(key).toHaveLength(16)
    require(
      await client.unprotect(
        nextGeneration,
        0x30,
        0,
        seal({ slot: 0, control: 0x30, counter: 0, plaintext: text, key }),
      ),
    )
  })
})

const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
const meters = Array.from({ length: 13 }, (_, i) => concatBytes(fromHex('47524300000000'), Uint8Array.of(i)))
const tree = meterSetTree(meters, sha256)

function grantBytes(o: Partial<QuotaGrant> & { by?: Party } = {}): Uint8Array {
  const { by = network, ...wishes } = o
  const emitted = emitQuotaGrant({
    target: own,
    party: partyCells.networkOperator,
    index: 0,
    commandClass: limiter,
    counter: 1n,
    notBefore: NOW,
    notAfter: NOW + 100,
    count: 2,
    root: tree.root,
    ...wishes,
  })
  return concatBytes(emitted, sign(by.sign, purposes.quotaGrant, emitted))
}

async function grant({ client }: MeteringCard): Promise<void> {
  require(await client.grantQuota(NOW, grantBytes()))
}

describe('quotas', () => {
  it('granted by whom the policy names, once', async () => {
    const made = await ready()
    const { client } = made
    expectRefused(await client.grantQuota(NOW, grantBytes({ party: partyCells.supplier, by: supplier })), SW.policy)
    expectRefused(await client.grantQuota(NOW, grantBytes({ by: supplier })), SW.authenticationFailed)
    expectRefused(await client.grantQuota(NOW, grantBytes({ target: headend })), SW.wrongTarget)
    expectRefused(await client.grantQuota(NOW, grantBytes({ index: 8 })), 0x6a80)
    await grant(made)
    expectRefused(await client.grantQuota(NOW, grantBytes()), SW.counterBelowFloor)
    expect(require(await client.quota(0))).toEqual({
      isGranted: true,
      party: 3,
      commandClass: limiter,
      notBefore: NOW,
      notAfter: NOW + 100,
      remaining: 2,
    })
  })

  it('each use counts down, for a meter of the set, within the window, of the class', async () => {
    const made = await ready()
    const { client } = made
    await grant(made)
    const use = (i: number, now: number, o: { meter?: Uint8Array; commandClass?: number } = {}) =>
      client.consumeQuota(0, o.commandClass ?? limiter, { now, meter: o.meter ?? meters[i]!, proof: tree.proof(i) })
    expectRefused(await use(3, NOW, { meter: own }), SW.policy)
    expectRefused(await use(3, NOW, { commandClass: disconnect }), SW.policy)
    expectRefused(await use(3, NOW - 1), SW.notNow)
    expectRefused(await use(3, NOW + 101), SW.notNow)
    expectRefused(
      await client.consumeQuota(1, limiter, { now: NOW, meter: meters[0]!, proof: tree.proof(0) }),
      SW.notThere,
    )
    expect(require(await use(12, NOW)).remaining).toBe(1)
    await restart(made)
    expect(require(await use(0, NOW + 1)).remaining).toBe(0)
    expectRefused(await use(0, NOW + 2), SW.exhausted)
  })
})

function makeToken(counter: bigint, tokenClass: number, amount: number, key = prepayKey): Uint8Array {
  const head = tokenHead({ counter, class: tokenClass, amount })
  const { iv, aad } = tokenMacInput({ issuer: supplier.entity, target: own, counter, head })
  return concatBytes(head, nodeCrypto.gcmSeal(key, iv, aad, new Uint8Array(0), 16).slice(-4))
}

describe('prepay tokens', () => {
  it('class, amount and counter come out; a repeat costs nothing, an older one neither', async () => {
    const { client } = await ready()
    expect(require(await client.token(makeToken(5n, 1, 4000)))).toEqual({ class: 1, amount: 4000, counter: 5n })
    for (let i = 0; i < 20; i++) expectRefused(await client.token(makeToken(5n, 1, 4000)), SW.counterBelowFloor)
    expectRefused(await client.token(makeToken(4n, 1, 4000)), SW.counterBelowFloor)
    expect(require(await client.token(makeToken(1000n, 0, 8191)))).toEqual({ class: 0, amount: 8191, counter: 1000n })
    expect(require(await client.token(makeToken(1030n, 0, 1)))).toEqual({ class: 0, amount: 1, counter: 1030n })
    expect(require(await client.token(makeToken(2040n, 0, 2)))).toEqual({ class: 0, amount: 2, counter: 2040n })
  })

  it('guessing ends after sixteen wrong ones, also across power cuts, until the supplier says so', async () => {
    const made = await ready()
    const { client } = made
    const wrong = makeToken(1n, 0, 100, new Uint8Array(16))
    for (let i = 0; i < 16; i++) {
      if (i === 8) await restart(made)
      expectRefused(await client.token(wrong), SW.authenticationFailed)
    }
    expectRefused(await client.token(makeToken(1n, 0, 100)), SW.locked)
    const ordered = command({ payload, commandClass: prepay })
    const { ticket } = require(await client.verifyCommand(NOW, ordered))
    require(await client.redeemTicket(ticket, payload))
    require(await client.token(makeToken(1n, 0, 100)))
    expectRefused(await client.token(fromHex('8000000000000000')), 0x6a80)
  })
})

describe('log and tamper', () => {
  it('the head is the hash over all entries, in order, and the seal is signed', async () => {
    const { client } = await ready()
    let head: Uint8Array = new Uint8Array(32)
    for (let n = 1; n <= 3; n++) {
      const digest = sha256(Uint8Array.of(n))
      head = sha256(concatBytes(head, u32(n), digest))
      const answer = require(await client.extendLog(digest))
      expect([answer.number, toHex(answer.head)]).toEqual([n, toHex(head)])
    }
    expectRefused(await client.sealLog(NOW, new Uint8Array(7)), 0x6700)
    const nonce = nodeCrypto.randomBytes(16)
    const sealed = require(await client.sealLog(NOW, nonce))
    const statement = sealed.slice(0, -64)
    expect(toHex(statement)).toBe(toHex(concatBytes(own, u32(3), head, u32(NOW), nonce)))
    const point = require(await client.publicKey(1, 'sign'))
    expect(isSignature(point, concatBytes(purposes.logSeal, statement), sealed.slice(-64))).toBe(true)
  })

  it('an alarm stays seen and bars what the policy says', async () => {
    const made = await ready()
    const { client } = made
    require(await client.tamper(0))
    await restart(made)
    expect(await client.status()).toMatchObject({ tampered: 1, lifeCycle: 'operational' })
    expectRefused(await client.verifyCommand(NOW, command({ payload, commandClass: reconnect })), SW.policy)
    require(await client.protect(0, 0x30, text))
    expectRefused(await client.tamper(8), 0x6a86)
  })

  it('a lock: only evidence, and the order that unlocks', async () => {
    const made = await ready()
    const { client } = made
    require(await client.tamper(1))
    await restart(made)
    expectRefused(await client.protect(0, 0x30, text), SW.locked)
    expectRefused(await client.sign(1, text), SW.locked)
    expectRefused(await client.verifyCommand(NOW, command({ payload, macCounter: 1 })), SW.locked)
    require(await client.extendLog(new Uint8Array(32)))
    require(await client.sealLog(NOW, new Uint8Array(8)))
    const unlocking = command({ payload, commandClass: unlock, party: partyCells.root, by: root })
    expectRefused(await client.verifyCommand(NOW, command({ payload, commandClass: unlock })), SW.policy)
    const { ticket } = require(await client.verifyCommand(NOW, unlocking))
    expectRefused(await client.protect(0, 0x30, text), SW.locked)
    require(await client.redeemTicket(ticket, payload))
    expect(await client.status()).toMatchObject({ tampered: 0, lifeCycle: 'operational' })
    require(await client.protect(0, 0x30, text))
  })

  it('zeroised: no key is left, and nothing answers but the status', async () => {
    const made = await ready()
    const { client, card } = made
    require(await client.tamper(2))
    expect((await client.status()).lifeCycle).toBe('zeroised')
    expectRefused(await client.protect(0, 0x30, text), SW.conditions)
    const image = toHex(card.image())
    for (const { unicast, authentication } of keys) {
      expect(image).not.toContain(unicast)
      expect(image).not.toContain(authentication)
    }
    for (const secret of [kek, prepayKey]) expect(image).not.toContain(toHex(secret))
    card.powerOff()
    card.powerOn()
    await client.select()
    expect((await client.status()).lifeCycle).toBe('zeroised')
  })
})

describe('two tenants', () => {
  it('two instances on one card do not reach each other’s keys, parties, tickets or counters', async () => {
    const first = await ready()
    first.card.powerOff()
    const instanceAid = fromHex('F047524944434152440202')
    const second = await ready({ into: first.card, instanceAid })
    require(await second.client.putDedicatedKey(0x10, 0, nodeCrypto.randomBytes(16)))
    require(await second.client.tamper(2))
    await first.client.select()
    require(await first.client.bindDevice(fromHex('00112233445566778899AABBCCDDEEFF')))
    expect((await first.client.status()).lifeCycle).toBe('operational')
    expectRefused(await first.client.protect(0x10, 0x30, text), SW.notThere)
    expect(require(await first.client.protect(0, 0x30, text)).invocationCounter).toBe(0)
    require(await first.client.verifyCommand(NOW, command({ payload, macCounter: 1 })))
  })
})

it('the controller’s slot is for the controller: its title is part of every MAC', async () => {
  const { client } = await ready()
  const ordered = command({ payload })
  const tag = seal({ slot: 1, control: 0x11, counter: 1, plaintext: ordered, title: headend }).slice(-12)
  expectRefused(await client.verifyCommand(NOW, concatBytes(ordered, u32(1), tag)), SW.authenticationFailed)
  const right = seal({ slot: 1, control: 0x11, counter: 1, plaintext: ordered, title: controller }).slice(-12)
  require(await client.verifyCommand(NOW, concatBytes(ordered, u32(1), right)))
})
