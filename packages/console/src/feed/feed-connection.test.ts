import { describe, expect, test } from 'vitest'
import { type FeedListener, openFeed, retryDelayMs } from './feed-connection.ts'

/** A page whose time and network the test moves by hand, and a log of all that the feed said. */
function createPage() {
  const log: string[] = []
  const page = {
    log,
    nowMs: 0,
    opened: 0,
    closed: 0,
    listener: undefined as FeedListener | undefined,
    due: undefined as { atMs: number; act: () => void } | undefined,
    pass(ms: number) {
      page.nowMs += ms
      const due = page.due
      if (due === undefined || due.atMs > page.nowMs) return
      page.due = undefined
      due.act()
    },
  }
  const connection = openFeed(
    {
      open: (listener) => {
        page.opened += 1
        page.listener = listener
        return { close: () => (page.closed += 1) }
      },
      nowMs: () => page.nowMs,
      schedule: (delayMs, act) => {
        page.due = { atMs: page.nowMs + delayMs, act }
        return () => {
          page.due = undefined
        }
      },
    },
    {
      onStatus: (status) => log.push(status.phase === 'waiting' ? `waiting ${status.retryAtMs}` : status.phase),
      onEvent: (event) => log.push(`event ${event.id}`),
      onMeter: (meter) => log.push(`meter ${meter.serial}`),
      onRegained: () => log.push('regained'),
    },
  )
  return { page, connection }
}

describe('the live feed', () => {
  test('waits longer after each failed attempt, but never more than half a minute', () => {
    expect([1, 2, 3, 4, 5, 6, 20].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  test('delivers events and meters by their names and survives a broken line', () => {
    const { page } = createPage()
    page.listener?.onOpen()
    page.listener?.onMessage('event', '{"id":7}')
    page.listener?.onMessage('event', '{"id":')
    page.listener?.onMessage('meter', '{"serial":"GC1"}')
    expect(page.log).toEqual(['connecting', 'live', 'event 7', 'meter GC1'])
  })

  test('a first connection that works is not called regained', () => {
    const { page } = createPage()
    page.listener?.onOpen()
    expect(page.log).not.toContain('regained')
  })

  test('closes the lost stream, says when it tries again, and tells what was regained', () => {
    const { page } = createPage()
    page.listener?.onOpen()
    page.listener?.onLoss()
    expect(page.closed).toBe(1)
    page.pass(999)
    expect(page.opened).toBe(1)
    page.pass(1)
    expect(page.opened).toBe(2)
    page.listener?.onLoss()
    page.pass(2000)
    page.listener?.onOpen()
    expect(page.log).toEqual([
      'connecting',
      'live',
      'waiting 1000',
      'connecting',
      'waiting 3000',
      'connecting',
      'live',
      'regained',
    ])
  })

  test('starts counting anew after it was live', () => {
    const { page } = createPage()
    for (const delayMs of [1000, 2000, 4000]) {
      page.listener?.onLoss()
      page.pass(delayMs)
    }
    page.listener?.onOpen()
    page.listener?.onLoss()
    expect(page.log.at(-1)).toBe(`waiting ${page.nowMs + 1000}`)
  })

  test('retries at once when asked, and only when it was waiting', () => {
    const { page, connection } = createPage()
    page.listener?.onOpen()
    connection.retryNow()
    expect(page.opened).toBe(1)
    page.listener?.onLoss()
    connection.retryNow()
    expect(page.opened).toBe(2)
    page.pass(60_000)
    expect(page.opened).toBe(2)
  })

  test('does not come back once closed', () => {
    const { page, connection } = createPage()
    page.listener?.onLoss()
    connection.close()
    page.pass(60_000)
    expect(page.opened).toBe(1)
  })
})
