import { emitRelease, parseRelease } from '../apdu/acse.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { DlmsError } from '../errors.ts'
import { isRefusal } from '../security/security-module.ts'
import type { ClientAssociation, OpenAssociationOptions } from './open-association.ts'
import { exceptionOf, refusalError } from './response-errors.ts'

/**
 * RLRQ, RLRE. In a ciphered association the initiate-request goes along once more, protected, which proves who leaves;
 * what comes back protected is checked, and some servers answer without.
 * @source Green Book ed. 8 §9.3.3, §9.4.4.2
 */
export async function release(
  { protection, isConfirmed, initiate, initiateLayers, requiredOfInitiate }: ClientAssociation,
  { send, post }: Pick<OpenAssociationOptions, 'send' | 'post'>,
): Promise<void> {
  const userInformation = await protection?.protect(initiate, initiateLayers)
  if (userInformation !== undefined && isRefusal(userInformation)) throw refusalError(userInformation)
  const request = emitRelease({ kind: 'rlrq', reason: 0, userInformation })
  if (!isConfirmed) {
    await post(request)
    return
  }
  const answer = await send(request)
  if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
  if (answer[0] !== apduTags.rlre) throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not an RLRE', { tag: answer[0] })
  // Nothing in it counts where nothing protects it, and some servers garble it there.
  if (protection === undefined) return
  const released = parseRelease(answer)
  if (released.userInformation === undefined) return
  const opened = await protection.unprotect(released.userInformation, requiredOfInitiate)
  if (isRefusal(opened)) throw refusalError(opened)
}
