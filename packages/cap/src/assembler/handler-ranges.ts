import type { ExceptionHandler } from '../capfile/cap-file.ts'

type HandlerRange = Pick<ExceptionHandler, 'startOffset' | 'activeLengthBytes'>

/** Whether the range of one handler lies within that of another, so that the search must go on behind the inner one. */
export function encloses(outer: HandlerRange, inner: HandlerRange): boolean {
  const outerEnd = outer.startOffset + outer.activeLengthBytes
  return outer.startOffset <= inner.startOffset && outerEnd >= inner.startOffset + inner.activeLengthBytes
}
