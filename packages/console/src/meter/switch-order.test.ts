import { describe, expect, test } from 'vitest'
import { offeredTarget } from './switch-order.ts'

describe('the switch button', () => {
  test('offers nothing while nobody knows how the switch stands', () => {
    expect(offeredTarget({ switchState: null })).toBeUndefined()
  })
  test('offers the other state', () => {
    expect(offeredTarget({ switchState: 'connected' })).toBe('disconnected')
    expect(offeredTarget({ switchState: 'disconnected' })).toBe('connected')
    expect(offeredTarget({ switchState: 'ready-for-reconnection' })).toBe('connected')
  })
})
