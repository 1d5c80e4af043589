import { expect, test } from 'vitest'
import { orderMarks, orderTitle, shortCounter } from './switch-evidence.ts'

test('only what the card has signed for is normal', () => {
  const normal = Object.entries(orderMarks).filter(([, { tone }]) => tone === 'normal')
  expect(normal.map(([outcome]) => outcome)).toEqual(['obeyed'])
  expect(orderMarks.unproven.tone).toBe('alarm')
})

test('an order is called as its button was', () => {
  expect([orderTitle({ to: 'disconnected' }), orderTitle({ to: 'connected' })]).toEqual([
    'Disconnect supply',
    'Reconnect supply',
  ])
})

test('a counter is read in groups of three', () => {
  expect([0, 999, 1000, 1_764_500_000_123].map((counter) => shortCounter(counter).replaceAll('\u202f', ' '))).toEqual([
    '0',
    '999',
    '1 000',
    '1 764 500 000 123',
  ])
})
