import type { MeterSummary, StreetEvent } from '@gridcard/headend/api'
import { describe, expect, test } from 'vitest'
import { foldRoutine, mergeEvents, mergeMeter } from './street-events.ts'

const event = (id: number, changes: Partial<StreetEvent> = {}): StreetEvent => ({
  id,
  at: '2026-05-12T12:00:00Z',
  serial: 'GC00000001',
  source: 'headend',
  kind: 'meter.read',
  severity: 'info',
  text: `event ${id}`,
  ...changes,
})

const meter = (serial: string, importWh: number): MeterSummary => ({
  serial,
  systemTitle: '4752430000000001',
  logicalDeviceName: 'GRC0000000000001',
  address: '127.0.0.1:4059',
  state: 'online',
  stateReason: null,
  switchState: 'connected',
  lastReadAt: null,
  importWh,
  exportWh: 0,
  powerW: 0,
})

describe('merging events', () => {
  test('keeps each once, newest first, whichever way they came', () => {
    const merged = mergeEvents([event(3), event(1)], [event(2), event(3), event(5)])
    expect(merged.map((each) => each.id)).toEqual([5, 3, 2, 1])
  })
  test('an event learnt again replaces the earlier copy', () => {
    expect(mergeEvents([event(1)], [event(1, { text: 'again' })])[0]?.text).toBe('again')
  })
  test('drops the oldest beyond the limit', () => {
    const many = Array.from({ length: 10 }, (_, index) => event(index))
    expect(mergeEvents(many, [event(10)], 3).map((each) => each.id)).toEqual([10, 9, 8])
  })
  test('does not change the lists it was given', () => {
    const known = Object.freeze([event(1)])
    mergeEvents(known, [event(2)])
    expect(known.length).toBe(1)
  })
})

describe('merging a meter', () => {
  test('replaces it where it stands', () => {
    const merged = mergeMeter([meter('GC2', 1), meter('GC1', 1)], meter('GC2', 7))
    expect(merged.map((each) => [each.serial, each.importWh])).toEqual([
      ['GC2', 7],
      ['GC1', 1],
    ])
  })
  test('adds an unknown one in order of serial', () => {
    expect(mergeMeter([meter('GC1', 1), meter('GC3', 1)], meter('GC2', 1)).map((each) => each.serial)).toEqual([
      'GC1',
      'GC2',
      'GC3',
    ])
  })
})

describe('folding routine events', () => {
  const alarm = event(6, { kind: 'security.authentication-failed', severity: 'alarm' })
  const shape = (events: StreetEvent[]) =>
    foldRoutine(events).map((entry) => (entry.kind === 'run' ? `${entry.events.length} folded` : entry.event.id))

  test('folds three or more in a row and nothing else', () => {
    expect(shape([event(9), event(8), event(7), alarm, event(5), event(4)])).toEqual(['3 folded', 6, 5, 4])
  })
  test('never folds a reading that was a warning', () => {
    expect(shape([event(9), event(8, { severity: 'warning' }), event(7)])).toEqual([9, 8, 7])
  })
  test('keeps every event', () => {
    const events = [event(9), event(8), event(7), alarm, event(5), event(4), event(3), event(2)]
    const kept = foldRoutine(events).flatMap((entry) => (entry.kind === 'run' ? entry.events : [entry.event]))
    expect(kept).toEqual(events)
  })
  test('a run keeps its key while newer events join it', () => {
    const keyOf = (events: StreetEvent[]) => foldRoutine(events).map((entry) => entry.kind === 'run' && entry.key)
    expect(keyOf([event(4), event(3), event(2)])).toEqual([2])
    expect(keyOf([event(5), event(4), event(3), event(2)])).toEqual([2])
  })
})
