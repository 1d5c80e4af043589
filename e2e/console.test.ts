import AxeBuilder from '@axe-core/playwright'
import type { MeterDetail } from '@gridcard/headend'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { launchBrowser } from './support/browser.ts'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'
import { startTamperingProxy } from './support/tampering-proxy.ts'

// The console as a person uses it: a real browser, the real head-end, meters and cards.

let street: TestStreet
let browser: Browser
let context: BrowserContext
let page: Page
const problems: string[] = []

beforeAll(async () => {
  ;[street, browser] = await Promise.all([startTestStreet({ meters: 6, isScheduled: true }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await street?.close()
})
beforeEach(async () => {
  problems.length = 0
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('request', (request) => {
    if (!request.url().startsWith(street.url)) problems.push(`asked ${request.url()}`)
  })
})
afterEach(async () => {
  await context.close()
  expect(problems).toEqual([])
})

const serialOf = (index: number) => street.street.meters[index]!.identity.serial
const detail = (serial: string) => getJson<MeterDetail>(street, `/api/meters/${serial}`)

describe('the street page', () => {
  test('shows every meter with its state and its last reading', async () => {
    await page.goto(street.url)
    await page.getByRole('heading', { level: 1, name: 'Gridcard Street' }).waitFor()
    const rows = page.getByRole('table').getByRole('row')
    await rows.nth(6).waitFor()
    expect(await rows.count()).toBe(7) // with the head
    for (let index = 0; index < 6; index++) {
      const row = rows.filter({ hasText: serialOf(index) })
      const { importWh } = await detail(serialOf(index))
      const text = await row.innerText()
      expect(text).toContain('Online')
      expect(text).toContain('Connected')
      expect(text.replace(/[,\s]/g, '')).toContain((importWh! / 1000).toFixed(1))
    }
  })

  test('can be filtered from the keyboard and opens a meter', async () => {
    await page.goto(street.url)
    await page.getByRole('table').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type(serialOf(2).toLowerCase())
    const link = page.getByRole('table').getByRole('link', { name: serialOf(2) })
    await expect.poll(() => page.getByRole('table').getByRole('row').count()).toBe(2) // with the head
    await link.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: serialOf(2) }).waitFor()
  })

  test('tells live what happens', async () => {
    await page.goto(street.url)
    await page.getByRole('status').filter({ hasText: 'Live' }).first().waitFor()
    const feed = page
      .locator('section, aside')
      .filter({ has: page.getByRole('heading', { name: 'Live feed' }) })
      .last()
    const serial = serialOf(5)
    for (const to of ['disconnected', 'connected']) {
      await postJson(street, `/api/meters/${serial}/switch`, { to, confirmSerial: serial })
      await feed
        .getByText(new RegExp(`supply ${to}|${to}`, 'i'))
        .first()
        .waitFor()
    }
    await feed.getByRole('link', { name: serial }).first().waitFor()
  })
})

describe('an attack on the wire', () => {
  test('shows on both pages, with what it means', async () => {
    const meter = street.street.meters[0]!
    const { serial, systemTitle } = meter.identity
    const proxy = await startTamperingProxy(meter.address!)
    proxy.tamper = (frame, direction, number) => {
      if (direction === 'response' && number === 3) frame[frame.length - 20]! ^= 1
      return frame
    }
    await page.goto(street.url)
    await page.getByRole('table').waitFor()
    await street.headend.registerMeter({ serial, systemTitle, host: '127.0.0.1', port: proxy.port })
    await postJson(street, `/api/meters/${serial}/read`, {})
    const row = page.getByRole('table').getByRole('row').filter({ hasText: serial })
    await row.getByText('Refusing').waitFor()
    await page.goto(`${street.url}/meters/${serial}`)
    await page
      .locator('.notice')
      .filter({ hasText: /authentic|trust|genuine|prove/i })
      .first()
      .waitFor()

    await street.headend.registerMeter({ serial, systemTitle, ...meter.address! })
    await postJson(street, `/api/meters/${serial}/read`, {})
    await page.getByText('Online').first().waitFor()
    await proxy.close()
  })
})

describe('the page of a meter', () => {
  test('shows load profile, registers, clock, card and event log', async () => {
    const serial = serialOf(1)
    await page.goto(`${street.url}/meters/${serial}`)
    for (const name of ['Load profile', 'Registers', 'Clock', 'Card', 'Event log']) {
      await page.getByRole('heading', { level: 2, name }).waitFor()
    }
    await page.getByRole('button', { name: '30 days' }).click()
    await page.locator('canvas').first().waitFor()
    await page.locator('.profile-summary').filter({ hasText: 'kWh' }).waitFor()
    const text = await page.locator('main').innerText()
    const { card } = await detail(serial)
    expect(card).not.toBeNull()
    expect(text.replace(/\s/g, '')).toContain(card!.appletAid)
    expect(text.toLowerCase()).toContain('operational')
    expect(text.replace(/[,\s ]/g, '')).toContain(String(card!.slots[0]!.send))
  })

  test('does not switch without the digits, switches with them, and shows what became of it', async () => {
    const serial = serialOf(4)
    const meter = street.street.meter(serial)!
    await page.goto(`${street.url}/meters/${serial}`)
    await page.getByRole('button', { name: 'Disconnect supply' }).click()
    const dialog = page.getByRole('dialog', { name: /Disconnect supply of/ })
    await dialog.getByRole('textbox').fill('0000')
    expect(await dialog.getByRole('button', { name: 'Disconnect supply' }).getAttribute('aria-disabled')).toBe('true')
    await page.keyboard.press('Enter')
    expect(meter.state().switchState).toBe('connected')
    await page.keyboard.press('Escape')
    expect(meter.state().switchState).toBe('connected')

    for (const [verb, outcome, state] of [
      ['Disconnect', 'Supply disconnected', 'disconnected'],
      ['Reconnect', 'Supply reconnected', 'connected'],
    ] as const) {
      await page.getByRole('button', { name: `${verb} supply` }).click()
      const confirmation = page.getByRole('dialog', { name: new RegExp(`${verb} supply of`) })
      await confirmation.getByRole('textbox').fill(serial.slice(-4))
      await page.keyboard.press('Enter')
      const result = page.getByRole('dialog', { name: outcome })
      await result.waitFor()
      expect(meter.state().switchState).toBe(state)
      await result.getByRole('button', { name: 'Close' }).click()
    }
    const log = await page.locator('main').innerText()
    expect(log).toMatch(/disconnected/i)
  })

  test('reads when asked to', async () => {
    const serial = serialOf(3)
    street.clock.moveBy(900_000)
    await page.goto(`${street.url}/meters/${serial}`)
    await page.getByRole('button', { name: 'Read now' }).click()
    await page.locator('.outcome').filter({ hasText: /\d/ }).waitFor()
    expect(Date.parse((await detail(serial)).lastReadAt!)).toBe(street.clock.nowMs())
  })

  test('that does not exist says so', async () => {
    await page.goto(`${street.url}/meters/GC00000000`)
    await page.getByText('No meter on this street has this serial.').waitFor()
    expect(problems.splice(0).every((text) => text.includes('404'))).toBe(true) // the browser logs the API's answer
  })
})

describe.each([
  ['light', { width: 1280, height: 800 }],
  ['dark', { width: 1280, height: 800 }],
  ['light', { width: 390, height: 844 }],
  ['dark', { width: 390, height: 844 }],
] as const)('in %s at %j', (colorScheme, viewport) => {
  test.each(['/', '/meters/SERIAL'])('%s is accessible and fits the width', async (path) => {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.setViewportSize(viewport)
    await page.goto(street.url + path.replace('SERIAL', serialOf(0)))
    await page.getByRole('heading', { level: 2 }).first().waitFor()
    if (path !== '/') await page.locator('canvas').first().waitFor()
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    const width = await page.evaluate(
      () =>
        (globalThis as unknown as { document: { documentElement: { scrollWidth: number } } }).document.documentElement
          .scrollWidth,
    )
    expect(width).toBeLessThanOrEqual(viewport.width)
  })
})
