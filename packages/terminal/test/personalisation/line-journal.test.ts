import { expect, test } from 'vitest'
import { LineState } from '../../src/personalisation/line-journal.ts'

const serial = 'GC00000001'

test('certificates of one attempt add up; those of an attempt that was interrupted are revoked', () => {
  const state = new LineState()
  state.take({ event: 'begun', serial, title: '4752430100000001' })
  state.take({ event: 'issued', serial, certificates: ['A1'] })
  state.take({ event: 'issued', serial, certificates: ['A1', 'A2'] })
  expect(state.revoked).toEqual(['A1', 'A2']) // until it is done
  state.take({ event: 'begun', serial, title: '4752430100000001' })
  for (const certificates of [['B1'], ['B1', 'B2'], ['B1', 'B2', 'B3']])
    state.take({ event: 'issued', serial, certificates })
  state.take({ event: 'done', serial, owner: 'citynet', prints: [] })
  expect(state.revoked).toEqual(['A1', 'A2'])
})
