import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { NativeObjects } from '../../test/native-objects.ts'
import { ObjectCard } from '../../test/object-applet.ts'
import { collectGarbage } from '../runtime/collector.ts'

const BIO = 'javacardx/biometry'
const ONE_TO_N = 'javacardx/biometry1toN'
const BUILD = `${BIO}/BioBuilder.buildBioTemplate(BB)L${BIO}/OwnerBioTemplate;`
const PASSWORD = 31
const FINGERPRINT = 3
const MATCH = 0x7fff
const bioException = (reason: number) => ({ thrown: 'BioException', reason })
const oneToN = (reason: number) => ({ thrown: 'Bio1toNException', reason })

const api = new NativeObjects()
const bytes = (hex: string) => api.array(fromHex(hex))
const give = (object: number, name: string, hex: string) => api.call(object, name, bytes(hex), 0, hex.length / 2)
const build = (type: number, limit: number) => api.callStatic(BUILD, type, limit)
const enrolled = (hex: string, limit = 3) => {
  const template = api.value(build(PASSWORD, limit))
  give(template, 'init([BSS)V', hex)
  api.value(api.call(template, 'doFinal()V'))
  return template
}
const left = (object: number) => api.call(object, 'getTriesRemaining()B')

describe('BioBuilder', () => {
  it('has passwords, and no other type', () => {
    expect(build(FINGERPRINT, 3)).toEqual(bioException(3))
    expect(build(0, 3)).toEqual(bioException(3))
    expect(build(PASSWORD, 0)).toEqual(bioException(1))
    const withProvider = `${BIO}/BioBuilder.buildBioTemplate(BB[BB)L${BIO}/OwnerBioTemplate;`
    expect(api.callStatic(withProvider, PASSWORD, 3, bytes('A000000001'), 0)).toEqual(bioException(3))
    expect(api.call(api.value(api.callStatic(withProvider, PASSWORD, 3, 0, 0)), 'getBioType()B')).toEqual({ value: 31 })
  })
})

describe('OwnerBioTemplate', () => {
  it('is enrolled in parts, in order', () => {
    const template = api.value(build(PASSWORD, 3))
    expect(give(template, 'initMatch([BSS)S', '31')).toEqual(bioException(4))
    expect(left(template)).toEqual(bioException(4))
    expect(give(template, 'update([BSS)V', '31')).toEqual(bioException(5))
    expect(api.call(template, 'doFinal()V')).toEqual(bioException(5))
    give(template, 'init([BSS)V', '3132')
    expect(api.call(template, 'isInitialized()Z')).toEqual({ value: 0 })
    give(template, 'update([BSS)V', '3334')
    api.call(template, 'doFinal()V')
    expect(api.call(template, 'isInitialized()Z')).toEqual({ value: 1 })
    expect(give(template, 'update([BSS)V', '35')).toEqual(bioException(5))
    expect(give(template, 'initMatch([BSS)S', '31323334')).toEqual({ value: MATCH })
  })
  it('an empty reference, or more than 127 bytes, is invalid', () => {
    const template = api.value(build(PASSWORD, 3))
    give(template, 'init([BSS)V', '')
    expect(api.call(template, 'doFinal()V')).toEqual(bioException(2))
    expect(give(template, 'init([BSS)V', '31'.repeat(128))).toEqual(bioException(2))
    expect(give(template, 'init([BSS)V', '31'.repeat(127))).toEqual({ value: 0 })
    expect(give(template, 'update([BSS)V', '31')).toEqual(bioException(2))
  })
  it('counts, blocks, and is unblocked by its owner', () => {
    const template = enrolled('31323334', 2)
    expect(give(template, 'initMatch([BSS)S', '31323334')).toEqual({ value: MATCH })
    expect(api.call(template, 'isValidated()Z')).toEqual({ value: 1 })
    expect(give(template, 'initMatch([BSS)S', '313233')).toEqual({ value: 0 })
    expect(api.call(template, 'isValidated()Z')).toEqual({ value: 0 })
    give(template, 'initMatch([BSS)S', '')
    expect(left(template)).toEqual({ value: 0 })
    expect(give(template, 'initMatch([BSS)S', '31323334')).toEqual({ value: 0 })
    expect(api.call(template, 'resetUnblockAndSetTryLimit(B)V', 0)).toEqual(bioException(1))
    api.call(template, 'resetUnblockAndSetTryLimit(B)V', 5)
    expect(left(template)).toEqual({ value: 5 })
    expect(give(template, 'initMatch([BSS)S', '31323334')).toEqual({ value: MATCH })
  })
  it('the session ends with initMatch; nothing of a password is public', () => {
    const template = enrolled('31')
    expect(give(template, 'match([BSS)S', '31')).toEqual(bioException(5))
    expect(api.call(template, 'getPublicTemplateData(S[BSS)S', 0, bytes('00'), 0, 1)).toEqual({ value: 0 })
    const to = api.array(5)
    expect(api.call(template, 'getVersion([BS)S', to, 1)).toEqual({ value: 4 })
    expect(toHex(api.bytes(to))).toBe('001F010100')
  })
  it('a wrong one counts in a transaction that is aborted', () => {
    const template = enrolled('31')
    api.vm.jcre.memory.begin()
    give(template, 'initMatch([BSS)S', '32')
    api.vm.jcre.memory.abort()
    expect(left(template)).toEqual({ value: 2 })
  })
  it('clear forgets the reference', () => {
    const template = enrolled('31')
    give(template, 'initMatch([BSS)S', '31')
    api.call(template, 'clear()V')
    expect(api.call(template, 'isValidated()Z')).toEqual({ value: 0 })
    expect(give(template, 'initMatch([BSS)S', '31')).toEqual(bioException(4))
  })
  it('a power cut while a new reference begins leaves the old one or none', () => {
    const initMatch = `invokeinterface 4 ${BIO}/OwnerBioTemplate.initMatch([BSS)S`
    const template = `${BIO}/OwnerBioTemplate`
    const card = new ObjectCard(
      {
        make: `bspush 31 sconst_3 invokestatic ${BUILD} dup aload_2 sconst_5 sload_3
          invokeinterface 4 ${template}.init([BSS)V dup invokeinterface 1 ${template}.doFinal()V`,
        act: `aload_2 sconst_5 sload_3 invokeinterface 4 ${template}.init([BSS)V`,
        look: `dup invokeinterface 1 ${template}.isInitialized()Z ifeq NONE aload_2 sconst_5 sload_3 ${initMatch} sstore_3
          aload_2 sconst_0 sload_3 bastore sconst_1 goto END NONE: pop aload_2 sconst_0 sconst_0 bastore sconst_1 END: nop`,
      },
      '31323334',
    )
    expect(card.look(card.image, '31323334')).toBe('FF9000')
    expect([...card.afterCuts('39', '31323334')].sort()).toEqual(['009000', 'FF9000'])
  })
})

describe('biometry1toN', () => {
  const buildMatcher = (count: number, type: number, limit: number) =>
    api.callStatic(`${ONE_TO_N}/Bio1toNBuilder.buildBioMatcher(SBB)L${ONE_TO_N}/OwnerBioMatcher;`, count, type, limit)
  const buildData = (type: number) =>
    api.callStatic(`${ONE_TO_N}/Bio1toNBuilder.buildBioTemplateData(B)L${ONE_TO_N}/OwnerBioTemplateData;`, type)
  const data = (hex: string) => {
    const one = api.value(buildData(PASSWORD))
    give(one, 'init([BSS)V', hex)
    api.value(api.call(one, 'doFinal()V'))
    return one
  }
  const put = (matcher: number, index: number, one: number) =>
    api.call(matcher, `putBioTemplateData(SL${ONE_TO_N}/BioTemplateData;)V`, index, one)
  it('the builder refuses', () => {
    expect(buildMatcher(0, PASSWORD, 1)).toEqual(oneToN(1))
    expect(buildMatcher(1, PASSWORD, 0)).toEqual(oneToN(1))
    expect(buildMatcher(256, PASSWORD, 1)).toEqual(oneToN(6))
    expect(buildMatcher(1, FINGERPRINT, 1)).toEqual(oneToN(3))
    expect(buildData(FINGERPRINT)).toEqual(oneToN(3))
  })
  it('a matcher matches any of its templates, and knows which', () => {
    const matcher = api.value(buildMatcher(3, PASSWORD, 2))
    expect(give(matcher, 'initMatch([BSS)S', '31')).toEqual(oneToN(4))
    expect(put(matcher, 3, data('31'))).toEqual(oneToN(1))
    expect(put(matcher, 0, api.value(buildData(PASSWORD)))).toEqual(oneToN(4))
    const one = data('3132')
    put(matcher, 0, data('31'))
    put(matcher, 2, one)
    expect(api.call(matcher, 'isInitialized()Z')).toEqual({ value: 1 })
    expect(api.call(matcher, 'getIndexOfLastMatchingBioTemplateData()S')).toEqual(oneToN(5))
    expect(give(matcher, 'initMatch([BSS)S', '3132')).toEqual({ value: MATCH })
    expect(api.call(matcher, 'getIndexOfLastMatchingBioTemplateData()S')).toEqual({ value: 2 })
    const get = `getBioTemplateData(S)L${ONE_TO_N}/BioTemplateData;`
    expect([2, 1, -1, 3].map((index) => api.value(api.call(matcher, get, index)))).toEqual([one, 0, 0, 0])
    expect(give(matcher, 'initMatch([BSS)S', '3133')).toEqual({ value: 0 })
    expect(left(matcher)).toEqual({ value: 1 })
    put(matcher, 2, 0)
    expect(give(matcher, 'initMatch([BSS)S', '3132')).toEqual({ value: 0 })
    expect(give(matcher, 'initMatch([BSS)S', '31')).toEqual({ value: 0 })
    api.call(matcher, 'resetUnblockAndSetTryLimit(B)V', 2)
    expect(give(matcher, 'initMatch([BSS)S', '31')).toEqual({ value: MATCH })
  })
  it('what is unreachable goes', () => {
    const before = api.vm.jcre.memory.freePersistentBytes
    collectGarbage(api.vm.jcre)
    expect(api.vm.jcre.memory.freePersistentBytes).toBeGreaterThan(before)
  })
})
