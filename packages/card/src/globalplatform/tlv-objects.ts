import { ByteReader, BytesError, parseTlvs, readBerLength, type Tlv } from '@gridcard/bytes'
import { GP_SW, refuse } from './refusal.ts'

/** TLVs of a command. @throws Refusal 6A80 if they are not whole */
export function commandTlvs(bytes: Uint8Array, statusWord: number = GP_SW.wrongData): Tlv[] {
  try {
    return parseTlvs(bytes)
  } catch (error) {
    if (error instanceof BytesError) refuse(statusWord)
    throw error
  }
}

const SYSTEM_PARAMETERS = 0xef
const TOKEN_TEMPLATE = 0xb6
const PROVIDER = 0x5f20

/**
 * Parameters of an INSTALL: what stands in the system specific parameters, what stands beside them, and the provider of the
 * token's template. Clients that put one of them outside are understood, too.
 * @source GPC 2.3.1 tables 11-48 to 11-52
 */
export function installParameters(bytes: Uint8Array): Tlv[] {
  return commandTlvs(bytes).flatMap((one) => {
    if (one.tag === SYSTEM_PARAMETERS) return commandTlvs(one.value)
    if (one.tag !== TOKEN_TEMPLATE) return [one]
    return [one, ...commandTlvs(one.value).filter(({ tag }) => tag === PROVIDER)]
  })
}

export function findTlv(objects: readonly Tlv[], tag: number): Uint8Array | undefined {
  return objects.find((one) => one.tag === tag)?.value
}

/** Length-value fields of INSTALL and PUT KEY. What is missing is a refusal with 6A80. */
export class CommandFields {
  readonly #reader: ByteReader

  constructor(bytes: Uint8Array) {
    this.#reader = new ByteReader(bytes)
  }

  get isAtEnd(): boolean {
    return this.#reader.isAtEnd
  }

  get offsetBytes(): number {
    return this.#reader.offsetBytes
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (error instanceof BytesError) refuse(GP_SW.wrongData)
      throw error
    }
  }

  u8(): number {
    return this.#read(() => this.#reader.u8())
  }

  take(length: number): Uint8Array {
    return this.#read(() => this.#reader.take(length))
  }

  /** One length byte. */
  short(): Uint8Array {
    return this.take(this.u8())
  }

  /** A BER length, in which 80 also stands for 128. @source GPC 2.3.1 §11.5.2.3.1 */
  long(): Uint8Array {
    return this.take(this.length())
  }

  length(): number {
    return this.#read(() => {
      return this.#reader.peek() <= 0x80 ? this.#reader.u8() : readBerLength(this.#reader)
    })
  }
}
