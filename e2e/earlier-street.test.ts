import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { planStreet } from '@gridcard/devices'
import { startHeadend } from '@gridcard/headend'
import type { MeterDetail, SwitchOutcome } from '@gridcard/headend/api'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeMeterSecurityCard } from './support/meter-security-card.ts'
import { getJson, postJson, startTestStreet, type TestStreet, testNoonMs } from './support/street.ts'

// A street that was made when cards kept keys only: it keeps its cards, and says what they do not do.

const seed = '00112233445566778899aabbccddeeff'
const headendSystemTitle = '4752434801020304'
let dataDirectory: string
let street: TestStreet | undefined

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'gridcard-earlier-'))
  const installedAtMs = testNoonMs - 86_400_000
  const record = { version: 1, name: 'Elm Street', seed, headendSystemTitle, installedAtMs, meters: 1 }
  writeFileSync(join(dataDirectory, 'street.json'), JSON.stringify({ ...record, timeReservedMs: testNoonMs }))
  mkdirSync(join(dataDirectory, 'cards'))
  const [home] = planStreet({ seed, meters: 1 }).homes
  const { identity } = home!
  const keys = { encryptionKey: nodeCrypto.randomBytes(16), authenticationKey: nodeCrypto.randomBytes(16) }
  const peerSystemTitle = fromHex(headendSystemTitle)
  const card = await makeMeterSecurityCard(nodeCrypto, { ...identity, peerSystemTitle, ...keys })
  card.powerOff()
  writeFileSync(join(dataDirectory, 'cards', `${identity.serial}.img`), card.image())
  const headend = await startHeadend({
    dataDir: join(dataDirectory, 'headend'),
    port: 0,
    systemTitle: peerSystemTitle,
    streetId: seed,
    clock: { nowMs: () => testNoonMs },
    logger: pino({ level: 'silent' }),
    isScheduled: false,
  })
  const { encryptionKey: blockCipherKey, authenticationKey } = keys
  await headend.keepKeys(identity.serial, { blockCipherKey, authenticationKey })
  await headend.close()
}, 240_000)
afterAll(async () => {
  await street?.close()
  rmSync(dataDirectory, { recursive: true, force: true })
}, 120_000)

test('an earlier street opens, its meters switch as before and say that no card verifies it', {
  timeout: 240_000,
}, async () => {
  street = await startTestStreet({ meters: 2, dataDirectory }) // one meter more than it had
  const [earlier, added] = street.street.meters.map(({ identity }) => identity.serial) as [string, string]
  const detail = (serial: string) => getJson<MeterDetail>(street!, `/api/meters/${serial}`)
  const off = async (serial: string) =>
    (
      await postJson<SwitchOutcome>(street!, `/api/meters/${serial}/switch`, {
        to: 'disconnected',
        confirmSerial: serial,
      })
    ).body
  expect(await detail(earlier)).toMatchObject({
    state: 'online',
    card: { appletAid: 'F047524944434152440101' },
    switching: { verifiedByCard: false, orders: [] },
  })
  expect(await off(earlier)).toMatchObject({ done: true, switchState: 'disconnected', order: null })
  expect(await detail(added)).toMatchObject({
    state: 'online',
    card: { appletAid: 'F047524944434152440201', appletBytes: null },
    switching: { verifiedByCard: true },
  })
  expect(await off(added)).toMatchObject({ done: true, order: { outcome: 'obeyed' } })
})
