import { describe, expect, test } from 'vitest'
import { codeName, confirmationCode, isConfirmed } from './confirmation.ts'

describe('confirming', () => {
  test('nothing, a part or another meter’s end does not confirm', () => {
    for (const typed of ['', ' ', '007', '00007', '0008', 'GC10000007']) {
      expect(isConfirmed('GC10000007', typed), typed).toBe(false)
    }
  })
  test('the last four do, with stray spaces and small letters', () => {
    expect(isConfirmed('GC10000007', ' 0007 ')).toBe(true)
    expect(isConfirmed('METER12AB', '12ab')).toBe(true)
  })
  test('the shortest serial is typed whole', () => {
    expect(confirmationCode('GC12')).toBe('GC12')
  })
  test('says digits only where they are digits', () => {
    expect(codeName('GC10000007')).toBe('last four digits')
    expect(codeName('METER12AB')).toBe('last four characters')
  })
})
