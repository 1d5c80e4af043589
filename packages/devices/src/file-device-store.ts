import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DevicesError } from './errors.ts'
import type { DeviceStore } from './meter/device-store.ts'

/** A whole state is some kilobytes; what is larger is no state of ours and not read into memory. */
const longestFileBytes = 64 * 1024 * 1024

/**
 * A state in one file. Each save writes a new file beside it, makes it durable and renames it into place, so that the
 * old state or the new one is there after a power cut, never a part. One process at a time: the caller sees to that.
 *
 * @throws DevicesError `DEVICES_STORE_FAILED` from `load` and `save`, with the system's error as its cause
 */
export function fileDeviceStore(path: string): DeviceStore {
  return {
    load() {
      return attempt('read', path, () => {
        const { size } = statSync(path, { throwIfNoEntry: false }) ?? {}
        if (size === undefined) return undefined
        if (size > longestFileBytes) throw new DevicesError('DEVICES_STORE_FAILED', `${path} is longer than any state`)
        return new Uint8Array(readFileSync(path))
      })
    },
    save(bytes) {
      attempt('write', path, () => {
        const directory = dirname(path)
        mkdirSync(directory, { recursive: true })
        const beside = `${path}.new`
        const file = openSync(beside, 'w', 0o600)
        try {
          for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
          fsyncSync(file)
        } finally {
          closeSync(file)
        }
        renameSync(beside, path)
        syncDirectory(directory)
      })
    },
  }
}

/** The rename itself is only durable with its directory. Windows cannot open one and does not need to. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return
  const handle = openSync(directory, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function attempt<T>(what: string, path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof DevicesError) throw cause
    throw new DevicesError('DEVICES_STORE_FAILED', `cannot ${what} the state in ${path}`, { path }, { cause })
  }
}
