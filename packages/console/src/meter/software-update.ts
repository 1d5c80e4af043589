import type { SoftwareStatus } from '@gridcard/headend/api'
import type { OrderWords } from './confirm-dialog.tsx'

/** The newest release, if it is newer than what the meter was last proved to run. */
export function newerRelease({ version, releases }: Pick<SoftwareStatus, 'version' | 'releases'>): string | undefined {
  const newest = releases.toSorted(byVersion).at(-1)
  if (newest === undefined || version === null) return undefined
  return byVersion(newest, version) > 0 ? newest : undefined
}

/** Part by part, as numbers: 1.10.0 is newer than 1.9.0. */
function byVersion(a: string, b: string): number {
  const [one, two] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (const [i, part] of one.entries()) if (part !== (two[i] ?? 0)) return part - (two[i] ?? 0)
  return 0
}

export const updateWords = (version: string): OrderWords => ({
  action: 'Update software',
  consequence: `The meter gets release ${version}, checks with its card who made it and that you may give it, and starts again. Supply stays on. Should the new software not start, it goes back to the one it has. There is no way back to an older release.`,
  progress: 'Sending the image, then verifying and activating it',
  done: 'Software updated',
  refused: 'Software not updated',
})
