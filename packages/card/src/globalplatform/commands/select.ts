import { concatBytes, emitTlv } from '@gridcard/bytes'
import { managementData } from '../card-data.ts'
import { type Answer, answer, type DomainContext } from '../context.ts'

/** Longest command data: a short Lc. */
const LONGEST_DATA = Uint8Array.of(0xff)

/** File control information of a security domain. @source GPC 2.3.1 table 11-82 */
export function selectResponse(context: DomainContext): Answer {
  const { aid } = context.self.applet
  const proprietary = concatBytes(emitTlv(0x73, managementData(context)), emitTlv(0x9f65, LONGEST_DATA))
  return answer(emitTlv(0x6f, concatBytes(emitTlv(0x84, aid), emitTlv(0xa5, proprietary))))
}
