import { AssertionError } from 'node:assert'
import type { Answer } from './answer.ts'
import { isPowerLost } from './errors.ts'
import { dataProblem, statusProblem } from './matchers.ts'

/**
 * For node:test, or anything that takes a thrown AssertionError for a failure.
 *
 * @param expected.status a number, or hex with `.` for any digit; default 0x9000
 * @param expected.data hex or bytes; not looked at when absent
 * @returns the answer
 */
export function assertAnswer(
  answer: Answer,
  { status = 0x9000, data }: { readonly status?: number | string; readonly data?: string | Uint8Array } = {},
): Answer {
  const problem = statusProblem(answer, status) ?? (data === undefined ? undefined : dataProblem(answer, data))
  if (problem !== undefined) {
    throw new AssertionError({ message: problem, actual: `${answer}`, expected: status, stackStartFn: assertAnswer })
  }
  return answer
}

/** The command must not be answered: the power is lost in it. */
export async function assertPowerLost(answer: Promise<Answer>): Promise<void> {
  try {
    const received = await answer
    throw new AssertionError({ message: `expected the power to be lost; the answer was ${received}` })
  } catch (error) {
    if (!isPowerLost(error)) throw error
  }
}
