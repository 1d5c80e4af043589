import { zipSync } from 'fflate'

/** A plain ZIP made by fflate, not by the code under test. */
export function zipOf(files: Readonly<Record<string, Uint8Array>>, options: { level?: 0 | 9 } = {}): Uint8Array {
  return zipSync(files, { level: options.level ?? 9 })
}
