import { pino } from 'pino'
import { startHeadend } from '../src/index.ts'
import { headendTitle } from './meter-peer.ts'

// A head-end in a process of its own, to be killed. Says its address, then each event's kind.
const [dataDir, startMs] = process.argv.slice(2)
const headend = await startHeadend({
  dataDir: dataDir!,
  port: 0,
  systemTitle: headendTitle,
  clock: { nowMs: () => Number(startMs) },
  logger: pino({ level: 'silent' }),
  isScheduled: false,
})
process.stdout.write(`${headend.url}\n`)
