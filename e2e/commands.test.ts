import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import type { MeterDetail, StreetEvent, SwitchOutcome } from '@gridcard/headend/api'
import { parseCommandResponse } from '@gridcard/terminal'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'

// A switch command on its whole way: signed by the head-end, verified by the meter's card, answered by its signature.

let street: TestStreet
let dataDirectory: string
let serial: string
beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'gridcard-commands-'))
  street = await startTestStreet({ meters: 1, dataDirectory })
  serial = street.street.meters[0]!.identity.serial
}, 240_000)
afterAll(async () => {
  await street?.close()
  rmSync(dataDirectory, { recursive: true, force: true })
}, 120_000)

const detail = () => getJson<MeterDetail>(street, `/api/meters/${serial}`)
const events = () => getJson<StreetEvent[]>(street, `/api/meters/${serial}/events?limit=100`)
const read = () => postJson(street, `/api/meters/${serial}/read`, {})
const toggle = async (to: 'connected' | 'disconnected') =>
  (await postJson<SwitchOutcome>(street, `/api/meters/${serial}/switch`, { to, confirmSerial: serial })).body

/** What the meter's own log says of it, as soon as it was read. */
async function expectLogged(text: string): Promise<void> {
  await read()
  expect(await events()).toContainEqual(
    expect.objectContaining({ source: 'meter', kind: 'meter.command-refused', severity: 'alarm', text }),
  )
}

describe('a switch command', { timeout: 240_000 }, () => {
  test('is obeyed, and its card signs that', async () => {
    const outcome = await toggle('disconnected')
    expect(outcome).toMatchObject({ done: true, switchState: 'disconnected', order: { outcome: 'obeyed' } })
    expect(outcome.text).toBe('Disconnected; it was connected, the state was read back, and its card signed for it')
    const { switching, switchState } = await detail()
    expect(switchState).toBe('disconnected')
    expect(switching).toEqual({ verifiedByCard: true, orders: [outcome.order] })
    const { command, response, signedAt } = outcome.order!
    const signed = parseCommandResponse(fromHex(response!))
    expect(signed).toMatchObject({ result: 0 })
    expect(command.startsWith(toHex(signed.command))).toBe(true)
    expect(signedAt).toBe(new Date(street.clock.nowMs()).toISOString())
    expect(street.street.meters[0]!.state().switchState).toBe('disconnected')
  })

  test('of a state that is there already is not even signed', async () => {
    expect(await toggle('disconnected')).toMatchObject({ done: true, order: null })
  })

  test('that comes too often in an hour is refused by its card, and both logs say so', async () => {
    let refused: SwitchOutcome | undefined
    for (let n = 0; refused === undefined && n < 30; n++) {
      const to = n % 2 === 0 ? 'connected' : 'disconnected'
      const outcome = await toggle(to)
      if (!outcome.done) refused = outcome
      else expect(outcome.order?.outcome).toBe('obeyed')
    }
    expect(refused).toMatchObject({
      requested: 'disconnected', // its window began first
      switchState: 'connected',
      order: { outcome: 'refused', response: null, signedAt: null },
    })
    expect(refused?.text).toContain('the meter refused the command (read-write-denied)')
    await expectLogged('Its card refused to switch: its policy does not allow it')
    street.clock.moveBy(3_600_000)
    expect(await toggle('disconnected')).toMatchObject({ done: true })
  })

  test('of a head-end that has all keys of the meter, but not the one to sign with, moves nothing', async () => {
    await street.close()
    const path = join(dataDirectory, 'headend', 'keys.json')
    const file = JSON.parse(readFileSync(path, 'utf8'))
    const { 'party-sign': own, ...others } = file.secrets
    writeFileSync(path, JSON.stringify({ ...file, secrets: others }))
    street = await startTestStreet({ meters: 1, dataDirectory })
    expect(await read()).toMatchObject({ body: { done: true } }) // it can still read
    expect(await toggle('connected')).toMatchObject({ done: false, order: { outcome: 'refused' } })
    expect(street.street.meters[0]!.state().switchState).toBe('disconnected')
    await expectLogged('Its card refused to switch: the command is not genuine')
    await street.close()
    const usurped = JSON.parse(readFileSync(path, 'utf8'))
    writeFileSync(path, JSON.stringify({ ...usurped, secrets: { ...usurped.secrets, 'party-sign': own } }))
    street = await startTestStreet({ meters: 1, dataDirectory })
    expect(await toggle('connected')).toMatchObject({ done: true })
  })

  test('no key lies open in the data folder', () => {
    for (const name of ['headend/authority.key', 'software/maker.key']) {
      expect(() => readFileSync(join(dataDirectory, name)), name).toThrow('ENOENT')
    }
  })
})
