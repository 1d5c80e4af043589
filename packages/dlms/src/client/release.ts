import { emitRelease, parseRelease } from '../apdu/acse.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { DlmsError } from '../errors.ts'
import { exceptionOf } from './response-errors.ts'

/** RLRQ, RLRE. Not protected: whoever could forge it could as well cut the line. @source Green Book ed. 8 §9.3.3 */
export async function release(send: (apdu: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  const answer = await send(emitRelease({ kind: 'rlrq', reason: 0 }))
  if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
  if (answer[0] !== apduTags.rlre) throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not an RLRE', { tag: answer[0] })
  parseRelease(answer)
}
