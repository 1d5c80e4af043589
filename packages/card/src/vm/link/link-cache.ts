import type { LinkedPackage } from './linked-package.ts'

/** Linked packages of this process by content; the oldest goes when there are too many. */
const MOST_PACKAGES = 256
const linkedByKey = new Map<string, LinkedPackage>()

/** The linked form for a key, made by `link` the first time. */
export function cachedLink(key: string, link: () => LinkedPackage): LinkedPackage {
  const known = linkedByKey.get(key)
  if (known) return known
  const linked = link()
  if (linkedByKey.size >= MOST_PACKAGES) linkedByKey.delete(linkedByKey.keys().next().value!)
  linkedByKey.set(key, linked)
  return linked
}
