import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { LauncherError } from '../errors.ts'

/** Where a street's data lies. */
export interface DataFolder {
  readonly path: string
  readonly cards: string
  readonly meters: string
  readonly headend: string
}

const ours = new Set(['street.json', 'street.json.new', 'cards', 'meters', 'headend'])

/**
 * Opens or makes a data folder. One that holds anything else is left alone.
 * @throws LauncherError `GRIDCARD_DATA_UNUSABLE`
 */
export function openDataFolder(path: string): DataFolder {
  const folder = { path, cards: join(path, 'cards'), meters: join(path, 'meters'), headend: join(path, 'headend') }
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    const strangers = readdirSync(path).filter((name) => !ours.has(name))
    if (strangers.length > 0) {
      throw new LauncherError(
        'GRIDCARD_DATA_UNUSABLE',
        `${path} is not a data folder of Gridcard, it holds ${strangers[0]}; name an empty or new folder with --data`,
      )
    }
    mkdirSync(folder.cards, { recursive: true })
    mkdirSync(folder.meters, { recursive: true })
  } catch (error) {
    if (error instanceof LauncherError) throw error
    const reason = (error as NodeJS.ErrnoException).code ?? 'unknown reason'
    throw new LauncherError(
      'GRIDCARD_DATA_UNUSABLE',
      `${path} cannot be used as a data folder (${reason})`,
      {},
      { cause: error },
    )
  }
  return folder
}
