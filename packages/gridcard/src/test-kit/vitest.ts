import { expect } from 'vitest'
import { type CardMatchers, matchers } from './matchers.ts'

/** `import 'gridcard/test/vitest'`: `expect` knows the matchers of cards, types included. */
expect.extend(matchers)

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends CardMatchers<R> {}
}
