import { readFileSync } from 'node:fs'
import { classDefinitions } from '@gridcard/dlms'
import { describe, expect, test } from 'vitest'
import { parseModel } from './model.ts'

const name = 'GRC0000000000001'
const register = { class: 'register', logicalName: '1.0.1.8.0.255', value: { 'double-long-unsigned': 1 }, unit: 'Wh' }
const clock = { class: 'clock' }
const profile = {
  class: 'profile',
  logicalName: '1.0.99.1.0.255',
  columns: ['clock/0.0.1.0.0.255/time', 'register/1.0.1.8.0.255/value'],
}

const limiter = { class: 'Limiter', logicalName: '0.0.17.0.0.255' }

function faultsOf(model: unknown): string {
  try {
    parseModel(model, 'meter.json')
    return ''
  } catch (error) {
    expect(error).toMatchObject({ code: 'GRIDCARD_MODEL_INVALID' })
    return (error as Error).message
  }
}
const objects = (...list: unknown[]) => ({ logicalDeviceName: name, objects: list })

describe('a model is refused, with the place of the fault', () => {
  test.each([
    ['the file: not a JSON object', []],
    ['the file: not a JSON object', null],
    ['logicalDeviceName: 3 to 16 characters', { objects: [] }],
    ['objects: a list', { logicalDeviceName: name }],
    ['serverSap: a whole number', { logicalDeviceName: name, objects: [], serverSap: 0 }],
    ['object: not known here', { logicalDeviceName: name, objects: [], object: [] }],
    ['objects[0]: not a JSON object', objects('clock')],
    ['objects[0].class: one of data', objects({ class: 'meter' })],
    ['objects[0].class: one of data', objects({ class: 9999 })],
    ['objects[0].class: one of data', objects({ class: 'Limiter', version: 9, logicalName: '0.0.17.0.0.255' })],
    [
      'objects[0].attributes: Limiter 0.0.17.0.0.255 has no attribute x',
      objects({ ...limiter, attributes: { x: { unsigned: 1 } } }),
    ],
    ['objects[0].attributes: Limiter 0.0.17.0.0.255 has no attribute y', objects({ ...limiter, writable: ['y'] })],
    [
      'min_over_threshold_duration is no double-long-unsigned',
      objects({ ...limiter, attributes: { min_over_threshold_duration: { unsigned: 1 } } }),
    ],
    [
      'objects[0].attributes.threshold_normal: "kWh"',
      objects({ ...limiter, attributes: { threshold_normal: { kWh: 1 } } }),
    ],
    ['objects[0].methods: not known here', objects({ ...limiter, methods: {} })],
    ['objects[0].logicalName: six numbers', objects({ ...register, logicalName: '1.8.0' })],
    ['objects[0].logicalName: the server has that one', objects({ ...register, logicalName: '0.0.42.0.0.255' })],
    ['objects[0].value: a value with its type', objects({ ...register, value: undefined })],
    ['objects[0].value: out of the range', objects({ ...register, value: { unsigned: 256 } })],
    ['objects[0].value: "kWh" is no type', objects({ ...register, value: { kWh: 2 } })],
    ['objects[0].unit: the symbol of a unit', objects({ ...register, unit: 'kWh' })],
    ['objects[0].scaler: a whole number from -128', objects({ ...register, scaler: 1.5 })],
    ['objects[0].public: true or false', objects({ ...register, public: 'yes' })],
    ['objects[0].writeable: not known here', objects({ ...register, writeable: true })],
    ['objects[1].logicalName: objects[0] has it', objects(register, register)],
    ['objects[0].start: a time', objects({ class: 'clock', start: 'noon' })],
    ['objects[0].columns: at least one', objects({ ...profile, columns: [] })],
    ['objects[0].columns[0]: CLASS/LOGICALNAME', objects({ ...profile, columns: [5] })],
    ['objects[0].columns[1]: 1.0.1.8.0.255 is not in', objects(profile, clock)],
    ['objects[0].columns: no clock among', objects({ ...profile, columns: [profile.columns[1]] }, register)],
    ['objects[2].rows[0]: a list with a cell', objects(clock, register, { ...profile, rows: [[1]] })],
    ['objects[2].rows[0]: a time in the clock', objects(clock, register, { ...profile, rows: [['x', 1]] })],
    ['objects[2].rows[0][1]: a number', objects(clock, register, { ...profile, rows: [['2026-01-01', 'x']] })],
    ['objects[2].fill.entries: more than', objects(clock, register, { ...profile, fill: { entries: 5000 } })],
    ['objects[2].fill.increase', objects(clock, register, { ...profile, fill: { entries: 5, increase: [1] } })],
  ])('%s', (fault, model) => {
    expect(faultsOf(model)).toContain(fault)
  })
  test('all faults at once', () => {
    const told = faultsOf(objects({ ...register, unit: 'x', scaler: 'y' }, { class: 'z' }))
    expect(told.split('\n').filter((line) => line.startsWith('  objects'))).toHaveLength(3)
  })
  test('a column of something without a number', () => {
    const data = { class: 'data', logicalName: '1.0.1.8.0.255', value: { 'octet-text': 'x' } }
    const columns = ['clock/0.0.1.0.0.255/time', 'data/1.0.1.8.0.255/value']
    expect(faultsOf(objects(clock, data, { ...profile, columns }))).toContain('objects[2].columns[1]: data/1.0.1.8')
  })
})

test('a model is taken, with what it leaves out filled in', () => {
  const model = parseModel(objects(clock, register, { ...profile, rows: [['2026-01-01', 5]] }), 'meter.json')
  expect(model.serverSap).toBe(1)
  expect(model.objects.map(({ kind, logicalName, isPublic }) => [kind, logicalName, isPublic])).toEqual([
    ['clock', '0.0.1.0.0.255', true],
    ['register', '1.0.1.8.0.255', false],
    ['profile', '1.0.99.1.0.255', false],
  ])
  expect(model.objects[1]).toMatchObject({ unit: 30, scaler: 0 })
  expect(model.objects[2]).toMatchObject({ capturePeriodSeconds: 900, rows: [{ atMs: Date.UTC(2026, 0, 1) }] })
})

test('every class that is known can be in a model, by its number and by its name', () => {
  for (const { classId, version, name: className } of classDefinitions) {
    const logicalName = `0.0.${classId}.${version}.7.255`
    const list = [{ class: classId, version, logicalName }]
    const [byNumber] = parseModel(objects(...list), 'meter.json').objects
    expect(byNumber).toMatchObject({ kind: 'defined', logicalName, definition: { classId, version } })
    const [byName] = parseModel(objects({ class: className, version, logicalName }), 'meter.json').objects
    expect(byName).toEqual(byNumber)
  }
})

test('the model of docs/dlms-tools.md is one', () => {
  const page = readFileSync(new URL('../../../../../docs/dlms-tools.md', import.meta.url), 'utf8')
  const [, json] = /```json\n([\s\S]*?)```/.exec(page)!
  expect(parseModel(JSON.parse(json!), 'meter.json').objects).toHaveLength(7)
})
