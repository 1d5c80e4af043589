import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Question } from '../question.ts'

const FLEET = fileURLToPath(new URL('card-fleet-process.ts', import.meta.url))

/** In a process of its own, so that nothing else has grown there. */
export const cardFleet: Question = {
  name: 'card-fleet',
  question: 'memory for each of 50,000 powered metering cards in one process that have all protected a message',
  unit: 'bytes/card',
  weigh() {
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', FLEET, '50000'], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`the fleet failed: ${stderr}`)
    return Number(stdout)
  },
}
