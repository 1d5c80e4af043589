import { ByteReader, BytesError } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/** The answer to INITIALIZE UPDATE. @source GPC 2.3.1 §E.5.1, Amd D 1.2 §7.1.1 */
export interface InitializeUpdateAnswer {
  /** 10 bytes. */
  readonly diversificationData: Uint8Array
  readonly keyVersion: number
  readonly protocol: 'SCP02' | 'SCP03'
  /** The i of SCP03; SCP02's is not in the answer. */
  readonly option: number | undefined
  readonly cardChallenge: Uint8Array
  readonly cardCryptogram: Uint8Array
  /** SCP02: 2 bytes. SCP03 with pseudo-random challenge: 3 bytes. */
  readonly sequenceCounter: Uint8Array | undefined
}

/**
 * @param challengeBytes length of the host challenge: 8, or 16 in S16 mode
 * @throws TerminalError `TERMINAL_GP_BAD_ANSWER`, `TERMINAL_GP_UNSUPPORTED` (SCP01 and others)
 */
export function parseInitializeUpdateAnswer(bytes: Uint8Array, challengeBytes: 8 | 16): InitializeUpdateAnswer {
  try {
    const reader = new ByteReader(bytes)
    const answer = readAnswer(reader, challengeBytes)
    if (!reader.isAtEnd) throw badAnswer(bytes)
    return answer
  } catch (error) {
    if (error instanceof BytesError) throw badAnswer(bytes)
    throw error
  }
}

function badAnswer(bytes: Uint8Array): TerminalError {
  return new TerminalError('TERMINAL_GP_BAD_ANSWER', 'INITIALIZE UPDATE was answered with a wrong length', {
    lengthBytes: bytes.length,
  })
}

function readAnswer(reader: ByteReader, challengeBytes: number): InitializeUpdateAnswer {
  const diversificationData = reader.take(10)
  const keyVersion = reader.u8()
  const protocol = reader.u8()
  const common = { diversificationData, keyVersion }
  if (protocol === 2) {
    const sequenceCounter = reader.take(2)
    const [cardChallenge, cardCryptogram] = [reader.take(6), reader.take(8)]
    return { ...common, protocol: 'SCP02', option: undefined, sequenceCounter, cardChallenge, cardCryptogram }
  }
  if (protocol !== 3) {
    throw new TerminalError('TERMINAL_GP_UNSUPPORTED', `the card answers with secure channel protocol ${protocol}`)
  }
  const option = reader.u8()
  const [cardChallenge, cardCryptogram] = [reader.take(challengeBytes), reader.take(challengeBytes)]
  const sequenceCounter = option & 0x10 ? reader.take(3) : undefined
  return { ...common, protocol: 'SCP03', option, sequenceCounter, cardChallenge, cardCryptogram }
}
