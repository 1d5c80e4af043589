import { verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromAscii } from '@gridcard/bytes'
import { IntegrityClient, IotSafeClient, isCardRefusal, parseSignedImage } from '@gridcard/terminal'
import { lineIotSafeNames } from '@gridcard/terminal/personalisation'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CommandIo } from '../dlms/command-io.ts'
import { lineCards } from './line-cards.ts'
import {
  personaliseInit,
  personaliseOwner,
  personaliseRun,
  personaliseSoftware,
  personaliseTransfer,
  personaliseVerify,
} from './personalise.ts'

vi.setConfig({ testTimeout: 120_000 })

const init = { name: 'Test', owner: 'citynet', suite: '1' }
const serial = 'GC00000001'
let root: string
let line: string

function ioOf() {
  const said = { out: '', err: '' }
  const io: CommandIo = {
    out(text) {
      said.out += text
    },
    err(text) {
      said.err += text
    },
    columns: 80,
    showsProgress: false,
    canAsk: false,
    env: {},
    ask: async () => '',
    readStdin: async () => new Uint8Array(),
  }
  return { io, said }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'gridcard-line-applets-'))
  line = join(root, 'line')
  const { io, said } = ioOf()
  await personaliseInit(io, line, { ...init, applets: 'iot-safe, integrity', json: true })
  expect(JSON.parse(said.out)).toMatchObject({ applets: ['metering', 'integrity', 'iot-safe'] })
  expect(await personaliseRun(ioOf().io, line, { count: '1', first: '1' })).toBe(0)
}, 240_000)
afterAll(() => rmSync(root, { recursive: true }))

const certificate = (name: string) => new X509Certificate(readFileSync(join(line, name)))
const pointOf = (one: X509Certificate) =>
  new Uint8Array(one.publicKey.export({ format: 'der', type: 'spki' })).slice(-65)

describe('a line of all three applets', () => {
  test('an applet that there is not is refused before anything is made', async () => {
    const nowhere = join(root, 'nowhere')
    await expect(personaliseInit(ioOf().io, nowhere, { ...init, applets: 'metering,purse' })).rejects.toMatchObject({
      code: 'GRIDCARD_BAD_OPTION',
    })
  })

  test('a card has its own keys in each, and certificates for them that lead to the root', async () => {
    const { link, close } = lineCards(line).open(`cards/${serial}.img`)
    await link.powerOn()
    const devices = certificate('pki/devices.pem')
    const attestation = certificate(`certificates/${serial}.attestation.pem`)
    const tls = certificate(`certificates/${serial}.tls.pem`)
    for (const one of [attestation, tls]) expect(one.verify(devices.publicKey)).toBe(true)
    expect(tls.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1'])
    expect(attestation.keyUsage).toBeUndefined()

    const integrity = new IntegrityClient(link)
    await integrity.select()
    expect(await integrity.publicKey('attestation')).toEqual(pointOf(attestation))
    expect(await integrity.publicKey('manufacturer')).toEqual(pointOf(certificate('pki/software.pem')))
    expect(await integrity.publicKey('responsible')).toEqual(pointOf(certificate('owners/citynet/software.pem')))
    const store = new IotSafeClient(link)
    await store.select()
    const file = await store.readFile(lineIotSafeNames.certificate)
    if (isCardRefusal(file)) throw new Error('the certificate is not there')
    expect(new X509Certificate(file).fingerprint256).toBe(tls.fingerprint256)
    const message = { text: fromAscii('hello') }
    const signature = await store.sign(lineIotSafeNames.identity, message)
    if (isCardRefusal(signature)) throw new Error('the card does not sign')
    const key = { key: tls.publicKey, dsaEncoding: 'ieee-p1363' } as const
    expect(verify('sha256', message.text, key, signature)).toBe(true)
    close()
  })

  test('software that the line signed is what the card takes for genuine, and says so from the factory', async () => {
    const file = join(root, 'software')
    writeFileSync(file, 'software')
    const sign = (version: string) =>
      personaliseSoftware(ioOf().io, line, file, { version, rollback: '1', target: '0' })
    await expect(sign('1')).rejects.toMatchObject({ code: 'GRIDCARD_BAD_OPTION' })
    expect(await sign('1.0.0')).toBe(0)
    const software = [`${file}.image`]
    expect(await personaliseRun(ioOf().io, line, { count: '1', first: '2', software })).toBe(0)
    const { link, close } = lineCards(line).open('cards/GC00000002.img')
    await link.powerOn()
    const integrity = new IntegrityClient(link)
    await integrity.select()
    const image = parseSignedImage(new Uint8Array(readFileSync(software[0]!)))
    const other = { ...image, signedHeader: image.signedHeader.with(60, image.signedHeader[60]! ^ 1) }
    expect(await integrity.verifyWholeImage(other, 'start')).toEqual({ sw: 0x6988 })
    expect(await integrity.verifyWholeImage(image, 'start')).toEqual({ ok: true })
    expect(await integrity.startImage(0)).toEqual({ kind: 'active', version: 0x10000 })
    close()
  })

  test('is what the line made', async () => {
    expect(await personaliseVerify(ioOf().io, line, {})).toBe(0)
  })

  test('with a new owner the old one has no say in its software', async () => {
    expect(await personaliseOwner(ioOf().io, line, 'newco', {})).toBe(0)
    expect(await personaliseTransfer(ioOf().io, line, serial, { to: 'newco' })).toBe(0)
    const { link, close } = lineCards(line).open(`cards/${serial}.img`)
    await link.powerOn()
    const integrity = new IntegrityClient(link)
    await integrity.select()
    expect(await integrity.publicKey('responsible')).toEqual(pointOf(certificate('owners/newco/software.pem')))
    close()
    const { io, said } = ioOf()
    expect(await personaliseVerify(io, line, { json: true })).toBe(0)
    expect(JSON.parse(said.out)).toEqual({ cards: 2, findings: [] })
  })
})

test('a line of suite 2 verifies software on P-256', async () => {
  const folder = join(root, 'suite 2')
  await personaliseInit(ioOf().io, folder, { ...init, suite: '2', applets: 'metering,integrity' })
  expect(await personaliseRun(ioOf().io, folder, { count: '1', first: '1' })).toBe(0)
  expect(await personaliseVerify(ioOf().io, folder, {})).toBe(0)
})
