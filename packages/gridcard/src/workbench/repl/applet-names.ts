import { basename } from 'node:path'
import { toHex } from '@gridcard/bytes'
import type { GivenCap } from '../try/cap-library.ts'

export interface NamedApplet {
  readonly name: string
  /** Hex */
  readonly aid: string
}

/** Applets by the name of their file; `wallet.1`, `wallet.2` if it has several, and a number too if two files are called alike. */
export function nameApplets(given: readonly GivenCap[]): NamedApplet[] {
  const named: NamedApplet[] = []
  for (const { path, cap } of given) {
    const applets = cap.applet?.applets ?? []
    for (const [i, { aid }] of applets.entries()) {
      const stem = basename(path, '.cap').replace(/\s+/g, '-')
      const wanted = applets.length === 1 ? stem : `${stem}.${i + 1}`
      const isTaken = (name: string) => named.some((one) => one.name === name)
      let name = wanted
      for (let n = 2; isTaken(name); n++) name = `${wanted}-${n}`
      named.push({ name, aid: toHex(aid) })
    }
  }
  return named
}
