import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { NativeObjects } from '../../test/native-objects.ts'
import { ObjectCard } from '../../test/object-applet.ts'

const FRAMEWORK = 'javacard/framework'
const BUILD = `${FRAMEWORK}/OwnerPINBuilder.buildOwnerPIN(BBB)L${FRAMEWORK}/PIN;`
const [OWNER_PIN, PLAIN, WITH_PREDECREMENT] = [1, 2, 3] as const
const ILLEGAL_VALUE = { thrown: 'PINException', reason: 1 }
const ILLEGAL_STATE = { thrown: 'PINException', reason: 2 }

const api = new NativeObjects()
const build = (limit: number, size: number, type: number) => api.callStatic(BUILD, limit, size, type)
const pinOf = (type: number, limit = 3) => {
  const pin = api.value(build(limit, 4, type))
  update(pin, '31323334')
  return pin
}
const bytes = (hex: string) => api.array(fromHex(hex))
const update = (pin: number, hex: string) => api.call(pin, 'update([BSB)V', bytes(hex), 0, hex.length / 2)
const check = (pin: number, hex: string) => api.call(pin, 'check([BSB)Z', bytes(hex), 0, hex.length / 2)
const left = (pin: number) => api.value(api.call(pin, 'getTriesRemaining()B'))
const isValidated = (pin: number) => api.value(api.call(pin, 'isValidated()Z'))
const decrement = (pin: number) => api.value(api.call(pin, 'decrementTriesRemaining()B'))
const inTransaction = (work: () => void, end: 'commit' | 'abort') => {
  api.vm.jcre.memory.begin()
  work()
  api.vm.jcre.memory[end]()
}

describe('OwnerPINBuilder', () => {
  it.each([
    [0, 4, PLAIN],
    [-1, 4, PLAIN],
    [3, 0, PLAIN],
    [3, 4, 0],
    [3, 4, 4],
  ])('refuses limit %i, size %i, type %i', (limit, size, type) => {
    expect(build(limit, size, type)).toEqual(ILLEGAL_VALUE)
  })
  it('makes an OwnerPIN that works', () => {
    const pin = pinOf(OWNER_PIN)
    expect(check(pin, '31323335')).toEqual({ value: 0 })
    expect(left(pin)).toBe(2)
    expect(check(pin, '31323334')).toEqual({ value: 1 })
    expect(left(pin)).toBe(3)
  })
})

describe('OwnerPINx', () => {
  it('that was never updated matches nothing', () => {
    const pin = api.value(build(3, 4, PLAIN))
    expect(check(pin, '')).toEqual({ value: 0 })
    expect(check(pin, '00000000')).toEqual({ value: 0 })
  })
  it('counts wrong ones, and blocks', () => {
    const pin = pinOf(PLAIN, 2)
    expect(check(pin, '00000000')).toEqual({ value: 0 })
    expect(check(pin, '313233')).toEqual({ value: 0 })
    expect(left(pin)).toBe(0)
    expect(check(pin, '31323334')).toEqual({ value: 0 })
    expect(isValidated(pin)).toBe(0)
  })
  it('null and bad ranges cost a try and the flag', () => {
    const pin = pinOf(PLAIN)
    check(pin, '31323334')
    expect(isValidated(pin)).toBe(1)
    expect(api.call(pin, 'check([BSB)Z', 0, 0, 4)).toEqual({ thrown: 'NullPointerException' })
    expect(api.call(pin, 'check([BSB)Z', bytes('31'), 0, 4)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    expect([isValidated(pin), left(pin)]).toEqual([0, 1])
  })
  it('reset takes the flag alone', () => {
    const pin = pinOf(PLAIN)
    check(pin, '00000000')
    api.call(pin, 'reset()V')
    expect([isValidated(pin), left(pin)]).toEqual([0, 2])
    check(pin, '31323334')
    api.call(pin, 'reset()V')
    expect([isValidated(pin), left(pin)]).toEqual([0, 3])
  })
  it('setTryLimit and setTriesRemaining', () => {
    const pin = pinOf(PLAIN)
    check(pin, '31323334')
    expect(api.call(pin, 'setTryLimit(B)V', 0)).toEqual(ILLEGAL_VALUE)
    api.call(pin, 'setTryLimit(B)V', 5)
    expect([isValidated(pin), left(pin), api.value(api.call(pin, 'getTryLimit()B'))]).toEqual([0, 5, 5])
    expect(api.call(pin, 'setTriesRemaining(B)V', 6)).toEqual(ILLEGAL_VALUE)
    expect(api.call(pin, 'setTriesRemaining(B)V', -1)).toEqual(ILLEGAL_VALUE)
    api.call(pin, 'setTriesRemaining(B)V', 0)
    expect(check(pin, '31323334')).toEqual({ value: 0 })
    api.call(pin, 'setTriesRemaining(B)V', 1)
    expect(check(pin, '31323334')).toEqual({ value: 1 })
  })
  it('update refuses what is too long, and gives all tries back', () => {
    const pin = pinOf(PLAIN)
    check(pin, '00000000')
    expect(update(pin, '3132333435')).toEqual(ILLEGAL_VALUE)
    expect(left(pin)).toBe(2)
    update(pin, '39')
    expect(left(pin)).toBe(3)
    expect(check(pin, '39')).toEqual({ value: 1 })
  })
  it('a wrong PIN counts in a transaction that is aborted; what the owner changes does not', () => {
    const pin = pinOf(PLAIN)
    inTransaction(() => check(pin, '00000000'), 'abort')
    expect(left(pin)).toBe(2)
    inTransaction(() => update(pin, '39'), 'abort')
    expect([left(pin), check(pin, '31323334')]).toEqual([2, { value: 1 }])
    inTransaction(() => api.call(pin, 'setTryLimit(B)V', 9), 'abort')
    expect(left(pin)).toBe(3)
    inTransaction(() => api.call(pin, 'setTryLimit(B)V', 9), 'commit')
    expect(left(pin)).toBe(9)
  })
})

describe('OwnerPINxWithPredecrement', () => {
  it('wants its try taken first', () => {
    const pin = pinOf(WITH_PREDECREMENT)
    expect(check(pin, '31323334')).toEqual(ILLEGAL_STATE)
    expect(left(pin)).toBe(3)
    expect(decrement(pin)).toBe(2)
    expect(check(pin, '31323334')).toEqual({ value: 1 })
    expect([left(pin), isValidated(pin)]).toEqual([3, 1])
    expect(check(pin, '31323334')).toEqual(ILLEGAL_STATE)
  })
  it('the last try counts, and then there is none', () => {
    const pin = pinOf(WITH_PREDECREMENT, 1)
    expect(decrement(pin)).toBe(0)
    expect(check(pin, '31323334')).toEqual({ value: 1 })
    decrement(pin)
    expect(check(pin, '00000000')).toEqual({ value: 0 })
    expect(decrement(pin)).toBe(0)
    expect(check(pin, '31323334')).toEqual({ value: 0 })
  })
  it.each([
    ['reset()V', []],
    ['setTryLimit(B)V', [3]],
    ['setTriesRemaining(B)V', [3]],
  ] as const)('%s ends what was taken', (name, args) => {
    const pin = pinOf(WITH_PREDECREMENT)
    decrement(pin)
    api.call(pin, name, ...args)
    expect(check(pin, '31323334')).toEqual(ILLEGAL_STATE)
  })
  it('the try stays taken when the transaction is aborted', () => {
    const pin = pinOf(WITH_PREDECREMENT)
    inTransaction(() => decrement(pin), 'abort')
    expect(left(pin)).toBe(2)
  })
})

describe.each([
  ['OwnerPIN', OWNER_PIN],
  ['OwnerPINx', PLAIN],
])('a power cut in a PIN command: %s', (_, type) => {
  const PIN = `${FRAMEWORK}/PIN`
  const CHECK = 'invokeinterface 4 javacard/framework/PIN.check([BSB)Z'
  const card = (act: string) =>
    new ObjectCard(
      {
        make: `sconst_3 bspush 8 bspush ${type} invokestatic ${BUILD} dup ${UPDATE[type]}`,
        act,
        look: `invokeinterface 1 ${PIN}.getTriesRemaining()B sstore_3 aload_2 sconst_0 sload_3 bastore sconst_1`,
      },
      '31323334',
    )
  it('a wrong PIN costs its try from the first write on', () => {
    const one = card(`aload_2 sconst_5 sload_3 s2b ${CHECK} pop`)
    expect(one.look(one.image)).toBe('039000')
    expect([...one.afterCuts('39393939')].sort()).toEqual(['029000', '039000'])
  })
  it('a right PIN never leaves fewer than two tries, nor more than three', () => {
    const one = card(`aload_2 sconst_5 sload_3 s2b ${CHECK} pop`)
    expect([...one.afterCuts('31323334')].sort()).toEqual(['029000', '039000'])
  })
})

/** From the array in local 2, on the PIN that lies on the stack. */
const UPDATE: Readonly<Record<number, string>> = {
  [OWNER_PIN]: `checkcast class ${FRAMEWORK}/OwnerPIN aload_2 sconst_5 sload_3 s2b invokevirtual ${FRAMEWORK}/OwnerPIN.update([BSB)V`,
  [PLAIN]: `checkcast class ${FRAMEWORK}/OwnerPINx aload_2 sconst_5 sload_3 s2b invokeinterface 4 ${FRAMEWORK}/OwnerPINx.update([BSB)V`,
}
