import type { MeterSummary } from '@gridcard/headend/api'
import { describe, expect, test } from 'vitest'
import {
  emitStreetSearch,
  filterMeters,
  type MeterSort,
  nextSort,
  parseStreetSearch,
  type SortKey,
  sortMeters,
  sortOf,
} from './meter-list.ts'

const meter = (serial: string, changes: Partial<MeterSummary> = {}): MeterSummary => ({
  serial,
  systemTitle: '475243A1B2C3D4E5',
  logicalDeviceName: `GRC${serial}`,
  address: '127.0.0.1:4059',
  state: 'online',
  stateReason: null,
  switchState: 'connected',
  lastReadAt: '2026-05-12T12:00:00Z',
  importWh: 1000,
  exportWh: 0,
  powerW: 100,
  ...changes,
})

const serials = (meters: MeterSummary[]) => meters.map((each) => each.serial).join(' ')

describe('sorting', () => {
  const sorted = (meters: MeterSummary[], key: SortKey, direction: MeterSort['direction'] = 'ascending') =>
    serials(sortMeters(meters, { key, direction }))

  test('an unknown value stays last in both directions', () => {
    const meters = [meter('GC1', { powerW: null }), meter('GC2', { powerW: -5 }), meter('GC3', { powerW: 9 })]
    expect(sorted(meters, 'power')).toBe('GC2 GC3 GC1')
    expect(sorted(meters, 'power', 'descending')).toBe('GC3 GC2 GC1')
  })
  test('equal values fall back to the serial, upwards in both directions', () => {
    const meters = [meter('GC2'), meter('GC3'), meter('GC1')]
    expect(sorted(meters, 'import')).toBe('GC1 GC2 GC3')
    expect(sorted(meters, 'import', 'descending')).toBe('GC1 GC2 GC3')
  })
  test('by state, what needs a person comes first', () => {
    const meters = [
      meter('GC1'),
      meter('GC2', { state: 'new' }),
      meter('GC3', { state: 'unreachable' }),
      meter('GC4', { state: 'refusing' }),
    ]
    expect(sorted(meters, 'state')).toBe('GC4 GC3 GC2 GC1')
  })
  test('by switch, homes without supply come first', () => {
    const meters = [
      meter('GC1'),
      meter('GC2', { switchState: null }),
      meter('GC3', { switchState: 'ready-for-reconnection' }),
      meter('GC4', { switchState: 'disconnected' }),
    ]
    expect(sorted(meters, 'switch')).toBe('GC4 GC3 GC1 GC2')
  })
  test('by last reading compares instants, not text', () => {
    const meters = [
      meter('GC1', { lastReadAt: '2026-05-12T12:00:00.000Z' }),
      meter('GC2', { lastReadAt: '2026-05-12T12:00:00Z' }),
      meter('GC3', { lastReadAt: '2026-05-12T11:59:59Z' }),
      meter('GC4', { lastReadAt: null }),
    ]
    expect(sorted(meters, 'read', 'descending')).toBe('GC1 GC2 GC3 GC4')
  })
  test('a heading sorts figures from the largest, then turns round', () => {
    const first = nextSort({ key: 'serial', direction: 'ascending' }, 'power')
    expect(first).toEqual({ key: 'power', direction: 'descending' })
    expect(nextSort(first, 'power')).toEqual({ key: 'power', direction: 'ascending' })
    expect(nextSort(first, 'state')).toEqual({ key: 'state', direction: 'ascending' })
  })
})

describe('filtering', () => {
  const street = [
    meter('GC10000001'),
    meter('GC10000002', { switchState: 'disconnected' }),
    meter('GC10000003', { state: 'unreachable', stateReason: 'Connection refused' }),
    meter('GC10000004', { state: 'new', switchState: null, lastReadAt: null }),
  ]
  const found = (typed: string) => serials(filterMeters(street, typed))

  test('connected does not find disconnected', () => {
    expect(found('connected')).toBe('GC10000001 GC10000003')
    expect(found('disconnected')).toBe('GC10000002')
  })
  test('nothing typed finds all', () => {
    expect(found('  ').split(' ').length).toBe(4)
  })
  test('a serial is found by any part of it, in any case', () => {
    expect(found('0002')).toBe('GC10000002')
    expect(found('gc1000').split(' ').length).toBe(4)
  })
  test('every word must be found', () => {
    expect(found('0003 unreach')).toBe('GC10000003')
    expect(found('0002 unreach')).toBe('')
  })
  test('finds what needs attention, and by the reason', () => {
    expect(found('attention')).toBe('GC10000003')
    expect(found('needs attention')).toBe('GC10000003')
    expect(found('refused')).toBe('GC10000003')
  })
})

describe('the address of the list', () => {
  test('ignores what it does not know', () => {
    expect(parseStreetSearch({ q: ['x'], sort: 'colour', dir: 'up', other: 1 })).toEqual({})
  })
  test('a filter of digits stays text', () => {
    expect(parseStreetSearch({ q: 7 })).toEqual({ q: '7' })
  })
  test('the plain list has a plain address', () => {
    expect(emitStreetSearch({ typed: '', sort: { key: 'serial', direction: 'ascending' } })).toEqual({})
  })
  test('comes back as it was written', () => {
    const sort: MeterSort = { key: 'power', direction: 'ascending' }
    const search = emitStreetSearch({ typed: 'gc1', sort })
    expect(search).toEqual({ q: 'gc1', sort: 'power', dir: 'ascending' })
    expect(sortOf(parseStreetSearch({ ...search }))).toEqual(sort)
    expect(sortOf({ sort: 'import' })).toEqual({ key: 'import', direction: 'descending' })
  })
})
