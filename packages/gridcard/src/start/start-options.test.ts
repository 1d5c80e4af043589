import { describe, expect, test } from 'vitest'
import { LauncherError } from '../errors.ts'
import { parseStartOptions, type RawStartOptions } from './start-options.ts'

const defaults: RawStartOptions = { speed: '1', data: 'data', port: '8420', meterPort: '0' }

describe('the options of start', () => {
  test.each([
    [{ meters: '0' }, '--meters takes a number from 1 to 2000, not "0"'],
    [{ meters: 'many' }, '--meters takes a number from 1 to 2000, not "many"'],
    [{ meters: '2.5' }, '--meters takes a whole number from 1 to 2000, not "2.5"'],
    [{ speed: '' }, '--speed takes a number from 1 to 3600, not ""'],
    [{ speed: '0' }, '--speed takes a number from 1 to 3600, not "0"'],
    [{ port: '65536' }, '--port takes a number from 0 to 65535, not "65536"'],
    [{ meterPort: '-1' }, '--meter-port takes a number from 0 to 65535, not "-1"'],
  ])('%j is refused with what would do', (wrong, message) => {
    expect(() => parseStartOptions({ ...defaults, ...wrong })).toThrow(
      new LauncherError('GRIDCARD_BAD_OPTION', message),
    )
  })

  test('are taken as given', () => {
    expect(parseStartOptions({ ...defaults, meters: '7', speed: '60.5', json: true })).toMatchObject({
      meters: 7,
      speed: 60.5,
      port: 8420,
      json: true,
    })
  })
})
