import { createHash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toHex } from '@gridcard/bytes'
import type { CounterFloor, CounterStore, SlotCounters } from '@gridcard/dlms'
import { writeFileAtomically } from '../../start/write-file-atomically.ts'
import { DlmsToolError } from '../errors.ts'
import { systemCode } from './association-keys.ts'
import { type FileLock, lockFile } from './file-lock.ts'

/** Who sends under which key, and to whom: what a counter belongs to. */
export interface CounterOwner {
  readonly ownSystemTitle: Uint8Array
  readonly peerSystemTitle: Uint8Array
  readonly blockCipherKey: Uint8Array
}

export interface CounterFileOptions extends CounterOwner {
  readonly path: string
  /** `each`: floors are durable with every accepted message; `session`: when asked, see `saveFloors`. */
  readonly floors: 'each' | 'session'
}

interface Saved {
  /** By key and sender: counters below may have been used. */
  readonly send: Record<string, number>
  /** By key, sender and peer: lowest counters accepted. */
  readonly floors: Record<string, { message: number; token: number }>
}

const header = { format: 'gridcard-dlms-counters', version: 1 } as const
/** Set aside with one write; a command that ends loses what it did not use. */
const BLOCK = 64
const LAST_COUNTER = 0xffff_ffff

/**
 * The counters of one end of an association in a file of mode 0600, held by one process at a time.
 *
 * **Sent.** A block is durable before the first counter of it is used, so a crash skips counters and repeats none: one
 * repeated counter gives away the authentication key of AES-GCM. The entry is found by a hash of key and own title, not
 * by the file's name: another key begins anew, and an old one that comes back goes on where it was.
 *
 * **Received.** A client may save its floors once a session: every session begins with an HLS answer over our fresh
 * challenge inside a message above all earlier ones, so an older floor lets no old reading through. A server saves each.
 */
export class CounterFile implements CounterStore {
  readonly #options: CounterFileOptions
  readonly #lock: FileLock
  readonly #sendId: string
  readonly #floorId: string
  #next: number | undefined
  #limit: number
  #messageFloor: number
  #tokenFloor: number
  #isDirty = false

  /**
   * @throws DlmsToolError `GRIDCARD_COUNTERS_LOCKED`, `GRIDCARD_COUNTERS_UNUSABLE`
   */
  static async open(options: CounterFileOptions): Promise<CounterFile> {
    const path = `${options.path}.lock`
    const lock = await lockFile(path).catch((error: unknown) => {
      throw unusable(`counters cannot be kept beside ${options.path} (${systemCode(error)})`)
    })
    if ('heldBy' in lock) {
      const who = lock.heldBy === undefined ? 'another process' : `process ${lock.heldBy}`
      throw new DlmsToolError(
        'GRIDCARD_COUNTERS_LOCKED',
        `${who} uses these counters (${options.path}); try again when it has ended`,
      )
    }
    try {
      return new CounterFile(options, lock)
    } catch (error) {
      lock.release()
      throw error
    }
  }

  private constructor(options: CounterFileOptions, lock: FileLock) {
    this.#options = options
    this.#lock = lock
    this.#sendId = idOf(options.blockCipherKey, options.ownSystemTitle)
    this.#floorId = idOf(options.blockCipherKey, options.ownSystemTitle, options.peerSystemTitle)
    const saved = readSaved(options.path)
    this.#next = saved.send[this.#sendId]
    this.#limit = this.#next ?? 0
    this.#messageFloor = saved.floors[this.#floorId]?.message ?? 0
    this.#tokenFloor = saved.floors[this.#floorId]?.token ?? 0
  }

  /** Next counter to send; undefined until `raiseTo` says where to begin. */
  get next(): number | undefined {
    return this.#next
  }

  /** Begins at `counter`, or goes up to it; never down. */
  raiseTo(counter: number): void {
    if (this.#next !== undefined && this.#next >= counter) return
    this.#save(counter)
    this.#next = counter
    this.#limit = counter
  }

  takeSend(): number | undefined {
    if (this.#next === undefined) return undefined
    if (this.#next >= this.#limit) {
      if (this.#limit >= LAST_COUNTER) return undefined
      const limit = Math.min(this.#limit + BLOCK, LAST_COUNTER)
      // Only what is in the file may be used: a write that fails leaves the old limit.
      this.#save(limit)
      this.#limit = limit
    }
    return this.#next++
  }

  accept(_slot: number, floor: CounterFloor, counter: number): boolean {
    if (counter < (floor === 'message' ? this.#messageFloor : this.#tokenFloor)) return false
    if (floor === 'message') this.#messageFloor = counter + 1
    else this.#tokenFloor = counter + 1
    this.#isDirty = true
    if (this.#options.floors === 'each') this.saveFloors()
    return true
  }

  read(): SlotCounters {
    return { send: this.#next ?? 0, messageFloor: this.#messageFloor, tokenFloor: this.#tokenFloor }
  }

  saveFloors(): void {
    if (this.#isDirty) this.#save(this.#next === undefined ? undefined : this.#limit)
  }

  close(): void {
    try {
      this.saveFloors()
    } finally {
      this.#lock.release()
    }
  }

  /** @param limit undefined: where to send from is not known, and stays so */
  #save(limit: number | undefined): void {
    const { path } = this.#options
    const saved = readSaved(path)
    const before = saved.floors[this.#floorId]
    const message = Math.max(this.#messageFloor, before?.message ?? 0)
    const token = Math.max(this.#tokenFloor, before?.token ?? 0)
    const send = limit === undefined ? {} : { [this.#sendId]: Math.max(limit, saved.send[this.#sendId] ?? 0) }
    const contents = {
      ...header,
      send: { ...saved.send, ...send },
      floors: { ...saved.floors, [this.#floorId]: { message, token } },
    }
    try {
      writeFileAtomically(path, `${JSON.stringify(contents, null, 2)}\n`)
      syncDirectory(dirname(path))
    } catch (error) {
      throw unusable(`${path} cannot be written (${systemCode(error)})`)
    }
    this.#isDirty = false
  }
}

/** A rename is durable when the directory is. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Names a key without telling it: a hash over 128 random bits cannot be searched back. */
function idOf(key: Uint8Array, ...titles: readonly Uint8Array[]): string {
  const hash = createHash('sha256').update(header.format)
  for (const title of titles) hash.update(title)
  return toHex(hash.update(key).digest().subarray(0, 8))
}

function readSaved(path: string): Saved {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { send: {}, floors: {} }
    throw unusable(`${path} cannot be read (${systemCode(error)})`)
  }
  const saved = parseSaved(text)
  if (saved !== undefined) return saved
  throw unusable(`${path} is damaged, and keys are not safe without it: restore it, or change the keys`)
}

function parseSaved(text: string): Saved | undefined {
  let json: { format?: unknown; version?: unknown; send?: unknown; floors?: unknown } | null
  try {
    json = JSON.parse(text)
  } catch {
    return undefined
  }
  if (json?.format !== header.format || json.version !== header.version) return undefined
  if (!isRecord(json.send) || !Object.values(json.send).every(isCounter)) return undefined
  if (!isRecord(json.floors)) return undefined
  const areFloors = Object.values(json.floors).every(
    (floors) => isRecord(floors) && isCounter(floors['message']) && isCounter(floors['token']),
  )
  return areFloors ? (json as unknown as Saved) : undefined
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isCounter = (value: unknown): boolean =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 0x1_0000_0000

const unusable = (message: string) => new DlmsToolError('GRIDCARD_COUNTERS_UNUSABLE', message)
