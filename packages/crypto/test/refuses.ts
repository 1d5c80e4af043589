import { expect } from 'vitest'
import { type CryptoErrorCode, CryptoPortError } from '../src/index.ts'

export function refuses(code: CryptoErrorCode, act: () => unknown): void {
  expect(act).toThrow(CryptoPortError)
  expect(act).toThrow(expect.objectContaining({ code }))
}
