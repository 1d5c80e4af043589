import { apiPackages } from '@gridcard/cap'
import { expect, it } from 'vitest'
import { platform } from '../src/api/platform.ts'

const PACKAGES = [
  'javacard.security',
  'javacardx.crypto',
  'javacardx.security',
  'javacardx.security.cert',
  'javacardx.security.derivation',
  'javacardx.security.util',
]

it.each(PACKAGES)('a package that refers to any member of %s loads', (name) => {
  const library = platform()
  const api = apiPackages('3.2.0').find((one) => one.name === name)!
  const missing = api.classes.flatMap((one) => {
    const linked = library.requireClass(one.name)
    const INTERFACE = 0x200
    if ((one.access_flags & INTERFACE) !== 0) {
      const isImplemented = library.classesById.some((other) => !other?.isInterface && other?.isKindOf(linked))
      return one.methods.length === 0 || isImplemented ? [] : [one.name]
    }
    return [...linked.virtualMethods, ...linked.staticMethods]
      .filter((method) => method !== undefined && !library.isCallable(method))
      .map((method) => method!.name)
  })
  expect(missing).toEqual([])
})
