import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type TestKitErrorCode = 'GRIDCARD_POWER_LOST' | 'GRIDCARD_TEST_SETUP'

/** The card lost power, as the test wanted, and there is no answer; or a test asks for what cannot be. */
export class TestKitError extends GridcardError {
  declare readonly code: TestKitErrorCode
  constructor(code: TestKitErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

/** True for what `send` rejects with when the power was cut. */
export function isPowerLost(error: unknown): boolean {
  return error instanceof TestKitError && error.code === 'GRIDCARD_POWER_LOST'
}
