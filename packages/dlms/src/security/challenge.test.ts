import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { freshChallenge, isServiceLike } from './challenge.ts'
import type { SecurityModule } from './security-module.ts'

// A GET of an attribute, and octets behind it.
const service = fromHex('C001C1000100002A0000FF0200AABBCC')
const octets = fromHex('4B353669567616594B35366956761659')

/** A module that draws these challenges in turn. */
function drawing(...challenges: readonly Uint8Array[]) {
  let drawn = 0
  const module = { hlsChallenge: async () => challenges[Math.min(drawn++, challenges.length - 1)]! }
  return { module: module as unknown as SecurityModule, drawn: () => drawn } // nothing else of it is used
}

describe('a challenge of ours', () => {
  it('that begins with a service is drawn again, for GMAC; the last draw is given whatever it is', async () => {
    expect([isServiceLike(service), isServiceLike(octets)]).toEqual([true, false])
    const one = drawing(service, service, octets)
    expect(await freshChallenge(one.module, 0, 'hls-gmac')).toBe(octets)
    expect(one.drawn()).toBe(3)
    const sha = drawing(service)
    expect(await freshChallenge(sha.module, 0, 'hls-sha256')).toBe(service)
    expect(sha.drawn()).toBe(1)
    const stuck = drawing(service)
    expect(await freshChallenge(stuck.module, 0, 'hls-gmac')).toBe(service)
    expect(stuck.drawn()).toBe(8)
  })
})
