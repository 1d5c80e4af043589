import { CardError, type CardErrorCode } from '../../errors.ts'

/** A package that cannot be linked; `offset` counts in the Method component. */
export function linkError(code: CardErrorCode, packageName: string, message: string, offset?: number): CardError {
  const place = offset === undefined ? '' : ` at Method+0x${offset.toString(16)}`
  return new CardError(code, `package ${packageName}${place}: ${message}`, { package: packageName, offset })
}
