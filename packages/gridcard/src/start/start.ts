import { isAbsolute, relative } from 'node:path'
import { simulatedClock } from '@gridcard/devices'
import pc from 'picocolors'
import { pino } from 'pino'
import { version } from '../version.ts'
import { launchStreet } from './launch.ts'
import { createProgress } from './progress.ts'
import type { StartOptions } from './start-options.ts'

/** `gridcard start`: runs until SIGINT or SIGTERM. */
export async function start(options: StartOptions): Promise<void> {
  const out = options.json ? process.stderr : process.stdout
  const color = pc.createColors(out.isTTY === true && process.env['NO_COLOR'] === undefined)
  const stopping = new AbortController()
  const stop = () => stopping.abort(new Stopped())
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)

  out.write(`\n  ${color.bold('Gridcard')} ${color.dim(version)}\n\n`)
  try {
    const running = await launchStreet({
      ...options,
      clockFrom: (earliestMs) => simulatedClock({ startMs: Math.max(Date.now(), earliestMs), speed: options.speed }),
      progress: createProgress(out),
      logger: pino({ level: process.env['GRIDCARD_LOG'] ?? 'silent' }, process.stderr),
      signal: stopping.signal,
    })
    try {
      const url = `${running.url}/`
      if (options.json) {
        const { street } = running
        const meters = street.meters.map((meter) => ({ serial: meter.identity.serial, ...meter.address }))
        process.stdout.write(
          `${JSON.stringify({ url, meters: meters.length, dataDirectory: options.dataDirectory, addresses: meters })}\n`,
        )
      } else {
        const pace = options.speed === 1 ? '' : `, ${options.speed} times as fast`
        out.write(
          `\n  Console  ${color.cyan(color.underline(url))}\n` +
            `  Data     ${shortPath(options.dataDirectory)}\n` +
            `  Time     ${new Date(running.clock.nowMs()).toISOString().slice(0, 16)}Z${pace}\n\n` +
            `  ${color.dim('Ctrl-C stops it; the next start goes on here.')}\n\n`,
        )
      }
      await untilAborted(stopping.signal)
      out.write(`  ${color.dim('Stopping …')}\n`)
    } finally {
      await running.close()
    }
    out.write(`  ${color.dim('Stopped.')}\n`)
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    out.write(`\n  ${color.dim('Stopped before it was up.')}\n`)
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}

/** As one would type it: from here, where it is below here. */
function shortPath(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return fromHere === '' || fromHere.startsWith('..') || isAbsolute(fromHere) ? path : fromHere
}

/** Why a start ended that the user ended. */
class Stopped extends Error {}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
