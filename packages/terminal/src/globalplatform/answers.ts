import { BytesError, parseTlvs, type Tlv } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/** An answer of the card that cannot be read. */
export function badAnswer(what: string, cause?: unknown): TerminalError {
  return new TerminalError(
    'TERMINAL_GP_BAD_ANSWER',
    `${what} of the card cannot be read`,
    {},
    cause === undefined ? {} : { cause },
  )
}

/** What `read` gives; what it cannot read is `TERMINAL_GP_BAD_ANSWER`. */
export function readAnswer<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof BytesError) throw badAnswer(what, error)
    throw error
  }
}

export function find(elements: readonly Tlv[], tag: number): Uint8Array | undefined {
  return elements.find((element) => element.tag === tag)?.value
}

/** The elements inside the template `tag`, which has to be all of `bytes`. */
export function template(what: string, bytes: Uint8Array, tag: number): Tlv[] {
  return readAnswer(what, () => {
    const [outer, ...others] = parseTlvs(bytes)
    if (outer?.tag !== tag || others.length > 0) throw badAnswer(what)
    return parseTlvs(outer.value)
  })
}
