import { fromAscii, fromHex } from '@gridcard/bytes'
import { describe, expect, it, test } from 'vitest'
import { emitSignedImage, integrityPurposes, parseSignedImage, startedRegister } from '../../src/index.ts'
import {
  activated,
  activation,
  boot,
  expectRefused,
  first,
  image,
  keyPair,
  NOW,
  order,
  own,
  ready,
  require,
  responsible,
  restart,
  sha256,
} from './integrity-bench.ts'

const other = keyPair().privateKey
const neighbour = fromHex('4752430100000002')

describe('VERIFY IMAGE', () => {
  test.each([
    ['signed by somebody else', image({ by: other }), 0x6988],
    ['for another type of device', image({ type: fromAscii('GCGM') }), 0x6a80],
    ['for older hardware', image({ hardwareMax: 2 }), 0x6a80],
    ['for newer hardware', image({ hardwareMin: 4 }), 0x6a80],
    ['for a target that there is not', image({ target: 4 }), 0x6a80],
    ['with a rollback number below the floor', image({ rollback: 0 }), 0x6984],
  ])('refuses an image %s', async (_, wrong, sw) => {
    const { client } = await ready()
    expectRefused(await client.verifyImage(wrong.signedHeader, 'start'), sw)
    expectRefused(await client.imageFinal(wrong.header.hash), 0x6985)
  })

  it('refuses every changed bit of header and signature', async () => {
    const { client } = await ready()
    for (let at = 0; at < first.signedHeader.length; at++) {
      const changed = first.signedHeader.slice()
      changed[at]! ^= 1 << (at % 8)
      const answer = await client.verifyImage(changed, 'start')
      expect('sw' in answer && [0x6988, 0x6a80].includes(answer.sw), `byte ${at}`).toBe(true)
    }
    require(await client.verifyImage(first.signedHeader, 'start'))
  })

  it('refuses as an update what is not newer', async () => {
    const { client } = await ready()
    expectRefused(await client.verifyImage(image({ version: 1 }).signedHeader, 'update'), 0x6984)
    expectRefused(await client.verifyImage(image({ version: 0 }).signedHeader, 'update'), 0x6984)
    require(await client.verifyImage(image({ version: 2 }).signedHeader, 'update'))
  })

  it('refuses bytes that are others, fewer or more, and the hand is empty then', async () => {
    const { client } = await ready()
    const { body, signedHeader, header } = first
    const damaged = body.slice()
    damaged[3]! ^= 1
    for (const wrong of [damaged, body.slice(0, -1)]) {
      require(await client.verifyImage(signedHeader, 'start'))
      require(await client.imageData(wrong))
      expectRefused(await client.imageFinal(), 0x6988)
      expectRefused(await client.startImage(0), 0x6985)
    }
    require(await client.verifyImage(signedHeader, 'start'))
    expectRefused(await client.imageData(Uint8Array.of(...body, 0)), 0x6988)
    require(await client.verifyImage(signedHeader, 'start'))
    expectRefused(await client.imageFinal(sha256(damaged)), 0x6988)
    require(await client.verifyImage(signedHeader, 'start'))
    require(await client.imageFinal(header.hash))
    require(await client.startImage(0))
  })

  it('takes an image in parts of any size', async () => {
    const body = Uint8Array.from({ length: 5000 }, (_, i) => i * 7)
    const long = image({ version: 2, body })
    for (const partBytes of [1, 255, 256, 1024, 4000]) {
      const { client } = await ready()
      require(await client.verifyWholeImage(partBytes === 1 ? first : long, 'start', partBytes))
    }
  })
})

describe('START IMAGE', () => {
  it('refuses an authentic image that nobody has activated, and starts the first one', async () => {
    const made = await ready()
    require(await made.client.verifyWholeImage(image({ version: 2 }), 'start'))
    expectRefused(await made.client.startImage(0), 0x6986)
    expect(await boot(made)).toEqual({ kind: 'active', version: 1 })
    expect(await made.client.readRegister(0)).toEqual(startedRegister(first.signedHeader, sha256))
    expect(await made.client.status()).toMatchObject({ isStarted: true, isOnTrial: false, hasAlarm: false })
  })

  it('starts once in a boot, under the target of the image', async () => {
    const made = await ready()
    require(await made.client.verifyWholeImage(first, 'start'))
    expectRefused(await made.client.startImage(1), 0x6a86)
    require(await made.client.startImage(0))
    require(await made.client.verifyWholeImage(first, 'start'))
    expectRefused(await made.client.startImage(0), 0x6985)
    await restart(made)
    await boot(made)
  })
})

describe('ACTIVATE IMAGE', () => {
  const second = image({ version: 2, rollback: 2 })
  const staged = async () => {
    const made = await ready()
    require(await made.client.verifyWholeImage(second, 'update'))
    return made
  }

  test.each([
    ['signed by somebody else', activation(second, { by: other }), 0x6988],
    ['signed for something else', activation(second, { purpose: integrityPurposes.order }), 0x6988],
    ['that names another image', activation(first), 0x6a80],
    ['for another device', activation(second, { devices: [neighbour] }), 0x6a80],
    ['for a group without us', activation(second, { devices: [neighbour, neighbour, neighbour] }), 0x6a80],
    ['with a counter at its floor', activation(second, { counter: 0n }), 0x6984],
    ['that is not valid yet', activation(second, { notBefore: NOW + 1 }), 0x6987],
    ['that is not valid any more', activation(second, { notAfter: NOW - 1 }), 0x6987],
  ])('refuses an authorisation %s', async (_, wrong, sw) => {
    const { client } = await staged()
    expectRefused(await client.activateImage(NOW, wrong), sw)
    expect(require(await client.releases(0)).trial).toBeUndefined()
    require(await client.activateImage(NOW, activation(second)))
  })

  it('wants an image in hand, verified by the card', async () => {
    const { client } = await ready()
    expectRefused(await client.activateImage(NOW, activation(second)), 0x6985)
    require(await client.verifyImage(second.signedHeader, 'update'))
    expectRefused(await client.activateImage(NOW, activation(second)), 0x6985)
  })

  it('does not take an image that was verified for starting only, if it is not newer', async () => {
    const { client } = await ready()
    require(await client.verifyWholeImage(first, 'start'))
    expectRefused(await client.activateImage(NOW, activation(first)), 0x6984)
  })

  it('takes the word for a group of devices, at each place', async () => {
    const devices = [own, neighbour, own, neighbour, own]
    for (const place of [0, 2, 4]) {
      const { client } = await staged()
      require(await client.activateImage(NOW, activation(second, { devices, place })))
    }
    const { client } = await staged()
    expectRefused(await client.activateImage(NOW, activation(second, { devices, place: 1 })), 0x6a80)
  })

  it('takes an authorisation once, and time does not go back', async () => {
    const made = await staged()
    const word = activation(second)
    require(await made.client.activateImage(NOW, word))
    require(await made.client.verifyWholeImage(second, 'update'))
    expectRefused(await made.client.activateImage(NOW, word), 0x6984)
    expectRefused(await made.client.activateImage(NOW - 1, activation(second, { counter: 2n })), 0x6987)
    require(await made.client.activateImage(NOW, activation(second, { counter: 2n })))
  })
})

describe('an update', () => {
  const second = image({ version: 2, rollback: 2 })

  it('is on trial until it is confirmed; then the floor has risen and the old one is not started any more', async () => {
    const made = await ready()
    await activated(made, second)
    await restart(made)
    expect(await boot(made, second)).toEqual({ kind: 'trial', version: 2 })
    expect(await made.client.status()).toMatchObject({ isOnTrial: true })
    expect(require(await made.client.releases(0)).floor).toBe(1)
    require(await made.client.confirmImage(0))
    const { hash } = second.header
    const { hash: before } = first.header
    expect(await made.client.releases(0)).toEqual({
      floor: 2,
      triesUsed: 1,
      active: { version: 2, rollback: 2, hash },
      trial: undefined,
      previous: { version: 1, rollback: 1, hash: before },
      started: 'active',
    })
    await restart(made)
    expectRefused(await made.client.verifyImage(first.signedHeader, 'start'), 0x6984)
    expect(await boot(made, second)).toEqual({ kind: 'active', version: 2 })
  })

  it('may be fallen back from while the floor allows it, and the quote says so', async () => {
    const made = await ready()
    const mild = image({ version: 2, rollback: 1 })
    await activated(made, mild)
    await restart(made)
    await boot(made, mild)
    require(await made.client.confirmImage(0))
    await restart(made)
    expect(await boot(made)).toEqual({ kind: 'previous', version: 1 })
    expect(await made.client.status()).toMatchObject({ isFallback: true })
    require(await made.client.order(order({ kind: 'raise-floor', target: 0, rollback: 1 }, 2n)))
  })

  it('that never confirms is started three times, then the old one alone', async () => {
    const made = await ready()
    await activated(made, second)
    for (let i = 0; i < 3; i++) {
      await restart(made)
      expect(await boot(made, second)).toEqual({ kind: 'trial', version: 2 })
    }
    await restart(made)
    require(await made.client.verifyWholeImage(second, 'start'))
    expectRefused(await made.client.startImage(0), 0x6986)
    expect(await boot(made)).toEqual({ kind: 'active', version: 1 })
    expectRefused(await made.client.confirmImage(0), 0x6985)
    expect(require(await made.client.releases(0)).floor).toBe(1)
  })

  it('can be given up', async () => {
    const made = await ready()
    await activated(made, second)
    require(await made.client.abandonTrial(0))
    require(await made.client.verifyWholeImage(second, 'start'))
    expectRefused(await made.client.startImage(0), 0x6986)
  })

  it('is not confirmed before it runs, by another target, or after a check has failed', async () => {
    const made = await ready()
    await activated(made, second)
    expectRefused(await made.client.confirmImage(0), 0x6985)
    await restart(made)
    await boot(made, second)
    expectRefused(await made.client.confirmImage(1), 0x6985)
    expectRefused(await made.client.confirmImage(4), 0x6a86)
    expectRefused(await made.client.check(0, first.header.hash), 0x6988)
    expectRefused(await made.client.confirmImage(0), 0x6986)
  })

  it('of one target says nothing of another', async () => {
    const made = await ready()
    const radio = image({ target: 3, version: 9, rollback: 4, body: fromAscii('radio') })
    await activated(made, radio)
    await restart(made)
    await boot(made)
    expect(await boot(made, radio)).toEqual({ kind: 'trial', version: 9 })
    require(await made.client.confirmImage(3))
    expect(require(await made.client.releases(3))).toMatchObject({ floor: 4, previous: undefined })
    expect(require(await made.client.releases(0))).toMatchObject({ floor: 1, started: 'active' })
  })
})

describe('ORDER', () => {
  test.each([
    ['signed by somebody else', order({ kind: 'acknowledge-alarm' }, 1n, { by: other }), 0x6988],
    ['for another device', order({ kind: 'acknowledge-alarm' }, 1n, { device: neighbour }), 0x6a80],
    ['with a counter at its floor', order({ kind: 'acknowledge-alarm' }, 0n), 0x6984],
    ['to raise a floor above what is active', order({ kind: 'raise-floor', target: 0, rollback: 2 }, 1n), 0x6a80],
    ['to lower a floor', order({ kind: 'raise-floor', target: 0, rollback: 0 }, 1n), 0x6984],
    ['about no target', order({ kind: 'raise-floor', target: 4, rollback: 1 }, 1n), 0x6a80],
    ['with a key that is none', order({ kind: 'new-responsible-party', publicKey: new Uint8Array(65) }, 1n), 0x6a80],
  ])('is refused %s', async (_, wrong, sw) => {
    const { client } = await ready()
    expectRefused(await client.order(wrong), sw)
    expect((await client.status()).lastOrder).toBe(0n)
  })

  it('puts another party in the place of the responsible one, whose word is worth nothing then', async () => {
    const { client } = await ready()
    const next = keyPair()
    require(await client.order(order({ kind: 'new-responsible-party', publicKey: next.publicKey }, 5n)))
    expectRefused(await client.order(order({ kind: 'acknowledge-alarm' }, 6n)), 0x6988)
    expectRefused(await client.order(order({ kind: 'acknowledge-alarm' }, 5n, { by: next.privateKey })), 0x6984)
    require(await client.order(order({ kind: 'acknowledge-alarm' }, 6n, { by: next.privateKey })))
    expect(await client.publicKey('responsible')).toEqual(next.publicKey)
    expect(responsible.publicKey).not.toEqual(next.publicKey)
  })
})

test('an image is parsed as it was put together, and refused cut off or longer', () => {
  const bytes = emitSignedImage(first)
  expect(parseSignedImage(bytes)).toEqual(first)
  for (const wrong of [bytes.slice(0, -1), Uint8Array.of(...bytes, 0), bytes.slice(1), bytes.slice(0, 20)]) {
    expect(() => parseSignedImage(wrong)).toThrow(expect.objectContaining({ code: 'TERMINAL_BAD_IMAGE' }))
  }
})
