import type { LinkedPackage } from './linked-package.ts'

/** What this process knows of packages, by content; the oldest goes when there are too many. */
const MOST_PACKAGES = 256

class Cache<T> {
  readonly #known = new Map<string, T>()

  get(key: string, make: () => T): T {
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const made = make()
    if (this.#known.size >= MOST_PACKAGES) this.#known.delete(this.#known.keys().next().value!)
    this.#known.set(key, made)
    return made
  }
}

/** A package that another one needs. */
export interface ImportedPackage {
  /** Hex, upper case. */
  readonly aid: string
  readonly major: number
  readonly minor: number
}

/** What a load file says of itself, so that it need not be parsed again. */
export interface LoadFileFacts {
  /** Hex, upper case. */
  readonly aid: string
  readonly imports: readonly ImportedPackage[]
}

const linkedByKey = new Cache<LinkedPackage>()
const factsByDigest = new Cache<LoadFileFacts>()

/** The linked form for a key, made by `link` the first time. */
export function cachedLink(key: string, link: () => LinkedPackage): LinkedPackage {
  return linkedByKey.get(key, link)
}

/** @param digest of the load file */
export function cachedFacts(digest: string, read: () => LoadFileFacts): LoadFileFacts {
  return factsByDigest.get(digest, read)
}
