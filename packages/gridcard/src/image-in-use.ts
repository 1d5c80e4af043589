import { readdirSync, readlinkSync, realpathSync } from 'node:fs'
import { sep } from 'node:path'

/**
 * Which other process has this file open, or one in this folder. Two processes with one card would each take the same counters, and a counter used
 * twice gives away what it protects. Linux only, and only processes of this user; elsewhere nobody is found.
 */
export function findProcessUsing(path: string): number | undefined {
  const place = realpathSync(path)
  const within = `${place}${sep}`
  for (const name of namesIn('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const file = targetOf(`/proc/${pid}/fd/${fd}`)
      if (file === place || file?.startsWith(within)) return pid
    }
  }
  return undefined
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // gone meanwhile, or not ours
  }
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link)
  } catch {
    return undefined
  }
}
