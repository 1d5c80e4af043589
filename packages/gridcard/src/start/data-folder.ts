import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { LauncherError } from '../errors.ts'

/** Where a street's data lies. */
export interface DataFolder {
  readonly path: string
  readonly cards: string
  readonly meters: string
  readonly headend: string
  /** Of the meters: the maker's key and what it has shipped. */
  readonly software: string
}

const ours = new Set(['street.json', 'street.json.new', 'cards', 'meters', 'headend', 'software'])

/**
 * Opens or makes a data folder. One that holds anything else is left alone.
 * @throws LauncherError `GRIDCARD_DATA_UNUSABLE`
 */
export function openDataFolder(path: string): DataFolder {
  const at = (name: string) => join(path, name)
  const folder = {
    path,
    cards: at('cards'),
    meters: at('meters'),
    headend: at('headend'),
    software: at('software'),
  }
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
