import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { NativeObjects } from '../../test/native-objects.ts'
import { TEST_PROFILE, VmFixture } from '../../test/vm-fixture.ts'

const EXTERNAL = 'javacardx/external'
const GET = `${EXTERNAL}/Memory.getMemoryAccessInstance(B[SS)L${EXTERNAL}/MemoryAccess;`
const MIFARE = 1
const EXTENDED_STORE = 2
const NO_SUCH_SUBSYSTEM = { thrown: 'ExternalException', reason: 1 }
const INVALID_PARAM = { thrown: 'ExternalException', reason: 2 }

const api = new NativeObjects(new VmFixture({ profile: { ...TEST_PROFILE, nvSizeBytes: 262144, ramSizeBytes: 65536 } }))
const get = (type: number, size: number) => api.callStatic(GET, type, api.shorts(0, size >> 16, size), 1)
const write = (store: number, address: number, hex: string) =>
  api.call(store, 'writeData([BSS[BSSSS)Z', api.array(fromHex(hex)), 0, hex.length / 2, 0, 0, 0, address >> 16, address)
const read = (store: number, address: number, length: number) => {
  const to = api.array(length)
  const answer = api.call(store, 'readData([BS[BSSSSS)S', to, 0, 0, 0, 0, address >> 16, address, length)
  return 'value' in answer ? toHex(api.bytes(to)) : answer
}

describe('Memory', () => {
  it('has no MIFARE chip', () => expect(get(MIFARE, 1024)).toEqual(NO_SUCH_SUBSYSTEM))
  it.each([0, 3])('knows no type %i', (type) => expect(get(type, 16)).toEqual(NO_SUCH_SUBSYSTEM))
  it('an extended store is not empty, and fits the card', () => {
    expect(get(EXTENDED_STORE, 0)).toEqual(INVALID_PARAM)
    expect(get(EXTENDED_STORE, -1)).toEqual(INVALID_PARAM)
    expect(get(EXTENDED_STORE, 0x7fffffff)).toEqual(NO_SUCH_SUBSYSTEM)
    expect(api.callStatic(GET, EXTENDED_STORE, 0, 0)).toEqual({ thrown: 'NullPointerException' })
    expect(api.callStatic(GET, EXTENDED_STORE, api.shorts(0), 0)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
  })
})

describe('an extended store of 70000 bytes', () => {
  const store = api.value(get(EXTENDED_STORE, 70000))
  it('is zero at first', () => expect(read(store, 69996, 4)).toBe('00000000'))
  it('takes a 32-bit address, over all borders', () => {
    for (const address of [0, 16382, 32766, 65534, 69996]) {
      expect(write(store, address, '01020304')).toEqual({ value: 1 })
      expect(read(store, address, 4)).toBe('01020304')
    }
  })
  it('reads long pieces', () => {
    expect(read(store, 16000, 20000)).toMatch(/^(00){382}01020304/)
  })
  it('ends where it ends', () => {
    expect(write(store, 69997, '01020304')).toEqual(INVALID_PARAM)
    expect(read(store, 69997, 4)).toEqual(INVALID_PARAM)
    expect(read(store, -1, 1)).toEqual(INVALID_PARAM)
  })
  it('another one is elsewhere', () => {
    const other = api.value(get(EXTENDED_STORE, 100))
    write(other, 0, 'FF')
    expect(read(store, 0, 1)).toBe('01')
  })
  it('is outside of transactions', () => {
    api.vm.jcre.memory.begin()
    write(store, 8, 'AA')
    api.vm.jcre.memory.abort()
    expect(read(store, 8, 1)).toBe('AA')
  })
})
