import type { MeterDetail, ReadOutcome } from '@gridcard/headend'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'
import { startTamperingProxy, type TamperingProxy } from './support/tampering-proxy.ts'

const headerBytes = 8 // of the wrapper, which is not protected

let street: TestStreet
let proxy: TamperingProxy
let serial: string
beforeAll(async () => {
  street = await startTestStreet({ meters: 1 })
  const { identity, address } = street.street.meters[0]!
  serial = identity.serial
  proxy = await startTamperingProxy(address!)
  await street.headend.registerMeter({ serial, systemTitle: identity.systemTitle, host: '127.0.0.1', port: proxy.port })
})
afterAll(async () => {
  await proxy?.close()
  await street?.close()
})

const read = async () => (await postJson<ReadOutcome>(street, `/api/meters/${serial}/read`, {})).body
const detail = () => getJson<MeterDetail>(street, `/api/meters/${serial}`)

describe('a ciphered response on its way to the head-end', () => {
  test('is accepted as it is, and with no bit of it flipped; nothing of such a session is stored', async () => {
    const lengths: number[] = []
    proxy.tamper = (frame, direction) => {
      if (direction === 'response') lengths.push(frame.length - headerBytes)
      return frame
    }
    expect(await read()).toMatchObject({ done: true })
    // the first answer after the association: number 0 is the AARE, 1 the answer to HLS
    const answer = 2
    const bits = lengths[answer]! * 8
    expect(bits).toBeGreaterThan(150)

    street.clock.moveBy(900_000) // a session that were believed would have something to store
    const before = await detail()
    const accepted: number[] = []
    for (let bit = 0; bit < bits; bit++) {
      let flips = 0
      proxy.tamper = (frame, direction, number) => {
        if (direction === 'response' && number === answer) {
          frame[headerBytes + (bit >> 3)]! ^= 0x80 >> (bit & 7)
          flips++
        }
        return frame
      }
      if ((await read()).done) accepted.push(bit)
      expect(flips, `bit ${bit}`).toBe(1)
    }
    expect(accepted).toEqual([])
    const after = await detail()
    expect([after.intervalsStored, after.lastReadAt, after.registers]).toEqual([
      before.intervalsStored,
      before.lastReadAt,
      before.registers,
    ])

    proxy.tamper = (frame) => frame
    expect(await read()).toMatchObject({ done: true, intervalsStored: 1 })
  })
})
