import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the whole repository. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..')

/** What the ground keeps for itself: locks, logs, half-made things. Not in git; may be deleted at any time. */
export const CACHE = join(ROOT, '.cache')
