import { concatBytes } from '@gridcard/bytes'
import { apduTags } from '../apdu/apdu-tags.ts'
import { DlmsError } from '../errors.ts'
import { type llcHeaders, withLlc, withoutLlc } from './llc.ts'

interface UiSegment {
  readonly isSegmented: boolean
  readonly information: Uint8Array
}

/** One APDU in as few UI frames as it needs; all but the last say that more follow. */
export function uiSegments(form: keyof typeof llcHeaders, apdu: Uint8Array, mostBytes: number): readonly UiSegment[] {
  const message = withLlc(form, apdu)
  return Array.from({ length: Math.ceil(message.length / mostBytes) }, (_unused, i) => ({
    isSegmented: (i + 1) * mostBytes < message.length,
    information: message.slice(i * mostBytes, (i + 1) * mostBytes),
  }))
}

/**
 * Puts UI frames together again. They have no numbers, so a lost one cannot be seen; but each message begins with the LLC
 * header, and one that begins ends what was not finished. What is put together wrongly fails its own checks above.
 * @source IEC 62056-46 §6.4.3.7; several frames to a message as meters of today push them
 */
export class UiAssembly {
  readonly #form: keyof typeof llcHeaders
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(form: keyof typeof llcHeaders, maxBytes: number) {
    this.#form = form
    this.#maxBytes = maxBytes
  }

  /** @returns the APDU, when its last frame came */
  take({ information, isSegmented }: UiSegment): Uint8Array | undefined {
    const isFirst = startsMessage(this.#form, information)
    if (isFirst) this.reset()
    else if (this.#parts.length === 0) return isLooseBlock(information) && !isSegmented ? information : undefined
    this.#parts.push(information)
    this.#bytes += information.length
    if (this.#bytes > this.#maxBytes) this.reset()
    if (isSegmented || this.#parts.length === 0) return undefined
    const message = concatBytes(...this.#parts)
    this.reset()
    return withoutLlc(this.#form, message)
  }

  reset(): void {
    this.#parts = []
    this.#bytes = 0
  }
}

/** Landis+Gyr E450 puts the header before the first block of a pushed APDU only, each block in a frame of its own. */
const isLooseBlock = (information: Uint8Array): boolean => information[0] === apduTags['general-block-transfer']

function startsMessage(form: keyof typeof llcHeaders, information: Uint8Array): boolean {
  try {
    withoutLlc(form, information)
    return true
  } catch (error) {
    if (error instanceof DlmsError) return false
    throw error
  }
}
