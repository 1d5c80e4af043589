import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { addApplet, selectCommand } from '../../test/applet-card.ts'
import { NativeObjects } from '../../test/native-objects.ts'
import { TEST_PROFILE, VmFixture } from '../../test/vm-fixture.ts'
import { Card } from '../card.ts'

const TIME = 'javacardx/framework/time'
const DURATION = `L${TIME}/TimeDuration;`
const [MICROS, MILLIS, SECONDS, MINUTES, HOURS, DAYS] = [2, 3, 4, 5, 6, 7] as const
const INVALID_UNIT = { thrown: 'DateTimeException', reason: 2 }
const INVALID_VALUE = { thrown: 'DateTimeException', reason: 1 }
const ARITHMETIC = { thrown: 'ArithmeticException' }

let now = 0
const api = new NativeObjects(new VmFixture({ clock: () => now }))
const getInstance = (memory: number, amount: number, unit: number) =>
  api.callStatic(`${TIME}/TimeDuration.getInstance(BSS)${DURATION}`, memory, amount, unit)
const duration = (amount: number, unit: number) => api.value(getInstance(0, amount, unit))
const read = (object: number, unit: number, length = 8) => {
  const to = api.array(length)
  const answer = api.call(object, 'toBytes([BSSS)S', to, 0, length, unit)
  return 'value' in answer ? toHex(api.bytes(to)) : answer
}

describe('TimeDuration', () => {
  it('has microseconds to days', () => {
    expect(read(duration(1, DAYS), MICROS)).toBe('000000141DD76000')
    expect(read(duration(1, DAYS), MINUTES)).toBe('00000000000005A0')
    expect(read(duration(-2, HOURS), SECONDS)).toBe('FFFFFFFFFFFFE3E0')
    expect(read(duration(1999, MILLIS), SECONDS)).toBe('0000000000000001')
    for (const unit of [0, 1, 8, -1]) expect(getInstance(0, 1, unit)).toEqual(INVALID_UNIT)
  })
  it('lies in the memory that is asked for', () => {
    for (const memory of [0, 1, 2]) {
      const object = api.value(getInstance(memory, 5, SECONDS))
      expect(api.call(object, 'getMemoryType()B')).toEqual({ value: memory })
      expect(read(object, SECONDS)).toBe('0000000000000005')
    }
    expect(getInstance(3, 1, SECONDS)).toEqual({ thrown: 'SystemException', reason: 1 })
  })
  it('adds and subtracts in place, and gives itself back', () => {
    const one = duration(90, MINUTES)
    expect(api.call(one, `plus(SS)${DURATION}`, 30, MINUTES)).toEqual({ value: one })
    expect(api.call(one, `minus(${DURATION})${DURATION}`, duration(3, HOURS))).toEqual({ value: one })
    expect(api.call(one, 'isNegative()Z')).toEqual({ value: 1 })
    expect(read(one, HOURS, 1)).toBe('FF')
    expect(api.call(one, `abs()${DURATION}`)).toEqual({ value: one })
    expect(read(one, MINUTES, 1)).toBe('3C')
    api.call(one, `neg()${DURATION}`)
    expect(read(one, MINUTES, 1)).toBe('C4')
    api.call(one, `reset()${DURATION}`)
    expect(read(one, MICROS, 1)).toBe('00')
    expect(api.call(one, `plus(${DURATION})${DURATION}`, 0)).toEqual({ thrown: 'NullPointerException' })
    expect(api.call(one, `plus(SS)${DURATION}`, 1, 9)).toEqual(INVALID_UNIT)
  })
  it('compares', () => {
    const one = duration(60, SECONDS)
    expect(api.call(one, 'compareTo(SS)S', 1, MINUTES)).toEqual({ value: 0 })
    expect(api.call(one, 'compareTo(SS)S', -1, DAYS)).toEqual({ value: 1 })
    expect(api.call(one, `compareTo(${DURATION})S`, duration(1, HOURS))).toEqual({ value: -1 })
  })
  it('is set from signed bytes, and overflows beyond 64 bits', () => {
    const one = duration(0, SECONDS)
    const set = (hex: string, unit: number) =>
      api.call(one, `set([BSSS)${DURATION}`, api.array(fromHex(hex)), 0, hex.length / 2, unit)
    expect(set('FF38', MILLIS)).toEqual({ value: one })
    expect(read(one, MILLIS, 2)).toBe('FF38')
    expect(set('', MILLIS)).toEqual(INVALID_VALUE)
    expect(set('7FFFFFFFFFFFFFFF', MICROS)).toEqual({ value: one })
    expect(set('7FFFFFFFFFFFFFFF', MILLIS)).toEqual(ARITHMETIC)
    expect(api.call(one, `plus(SS)${DURATION}`, 1, MICROS)).toEqual(ARITHMETIC)
    expect(set('8000000000000000', MICROS)).toEqual({ value: one })
    expect(api.call(one, `neg()${DURATION}`)).toEqual(ARITHMETIC)
    expect(api.call(one, `abs()${DURATION}`)).toEqual(ARITHMETIC)
    expect(read(one, MICROS)).toBe('8000000000000000')
  })
  it('says how many bytes it takes', () => {
    expect(api.call(duration(127, SECONDS), 'getByteLength(S)S', SECONDS)).toEqual({ value: 1 })
    expect(api.call(duration(128, SECONDS), 'getByteLength(S)S', SECONDS)).toEqual({ value: 2 })
    expect(api.call(duration(-128, SECONDS), 'getByteLength(S)S', SECONDS)).toEqual({ value: 1 })
    expect(read(duration(128, SECONDS), SECONDS, 1)).toEqual(INVALID_VALUE)
  })
})

describe('SysTime.uptime', () => {
  it('is what the clock says since power on', () => {
    const one = duration(0, SECONDS)
    now = 1234.5678
    expect(api.callStatic(`${TIME}/SysTime.uptime(${DURATION})V`, one)).toEqual({ value: 0 })
    expect(read(one, MICROS)).toBe('000000000012D687')
    expect(api.callStatic(`${TIME}/SysTime.uptime(${DURATION})V`, 0)).toEqual({ thrown: 'NullPointerException' })
  })
  it('begins anew when a card is powered again', () => {
    let ms = 5000
    const card = Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto, clock: () => ms })
    const aid = addApplet(
      card,
      1,
      `aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
      START: sconst_0 invokestatic ${TIME}/TimeDuration.getInstance(B)${DURATION} astore_2
      aload_2 invokestatic ${TIME}/SysTime.uptime(${DURATION})V
      aload_2 aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B sconst_0 sconst_4 bspush 3
      invokevirtual ${TIME}/TimeDuration.toBytes([BSSS)S pop
      aload_1 sconst_0 sconst_4 invokevirtual javacard/framework/APDU.setOutgoingAndSend(SS)V return`,
      { level: '3.2.0' },
    )
    const ask = () => {
      card.transmit(fromHex(selectCommand(aid)))
      return toHex(card.transmit(fromHex('80000000')))
    }
    card.powerOn()
    ms += 1500
    expect(ask()).toBe('000005DC9000')
    card.powerOn()
    ms += 7
    expect(ask()).toBe('000000079000')
  })
})
