import { type CounterFile, openCounterFile } from '../counters/counter-file.ts'
import type { Ending } from '../ending.ts'
import type { KeyStore } from '../keys/key-store.ts'
import { openSealedKeyStore } from '../keys/sealed-key-store.ts'
import { damaged, openDataDirectory } from './data-directory.ts'
import { type Database, openDatabase, type StartStep } from './database.ts'
import { readSetting, writeSetting } from './settings.ts'

/** Everything a head-end keeps. */
export interface Stores {
  readonly db: Database
  readonly keys: KeyStore
  readonly counterFile: CounterFile
}

export type OpenDatabase = (folder: string, onStep?: (step: StartStep) => void) => Promise<Database>

export interface OpenStoresOptions {
  readonly dataDir: string
  readonly streetId: string | undefined
  readonly passphrase: string | undefined
  readonly openDatabase: OpenDatabase | undefined
  readonly onStep: ((step: StartStep) => void) | undefined
}

/**
 * @param ending gets a step for each thing that was opened, also when the next one fails
 * @throws HeadendError `HEADEND_DATA_LOCKED`, `HEADEND_DATA_DAMAGED`, `HEADEND_KEYSTORE_LOCKED`
 */
export async function openStores(options: OpenStoresOptions, ending: Ending): Promise<Stores> {
  const { dataDir, onStep } = options
  const directory = await openDataDirectory(dataDir)
  ending.add(() => directory.release())
  const db = await (options.openDatabase ?? openDatabase)(directory.database, onStep)
  ending.add(() => db.destroy())
  if (options.streetId !== undefined) await requireStreet(db, options.streetId, dataDir)
  onStep?.('opening-keys')
  const { keyStore, keyFile } = directory
  const keys = await openSealedKeyStore({ path: keyStore, keyFilePath: keyFile, passphrase: options.passphrase })
  ending.add(() => keys.close())
  const counterFile = await openCounterFile(directory.counters)
  ending.add(() => counterFile.close())
  for (const serial of keys.serials()) {
    if (counterFile.find(serial) === undefined) {
      throw damaged(dataDir, `the counters of ${serial} are lost and its keys cannot be used without them`)
    }
  }
  return { db, keys, counterFile }
}

async function requireStreet(db: Database, streetId: string, dataDir: string): Promise<void> {
  const held = await readSetting(db, 'street-id')
  if (held === undefined) await writeSetting(db, 'street-id', streetId)
  else if (held !== streetId) throw damaged(dataDir, 'it belongs to another street')
}
