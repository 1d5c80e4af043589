import { ByteWriter, writeBerLength } from '@gridcard/bytes'
import { type AccessRequest, type AccessSpecification, longInvokeBits } from '../apdu/access.ts'
import { emitXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { type ConformanceBit, conforms } from '../apdu/conformance.ts'
import { writeList, writeOctets } from '../apdu/fields.ts'
import { actionResults, dataAccessResults } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import type { Caller } from '../interface-classes/cosem-object.ts'
import type { ObjectAccess } from './object-access.ts'

interface Answer {
  readonly value: Uint8Array
  readonly result: number
}

const noValue = Uint8Array.of(0)
const serviceTags = { get: 1, set: 2, action: 3 } as const

/**
 * ACCESS on the server: gets, sets and actions in one request, served in their order, each with its own result and its
 * own rights. With break-on-error the ones after a failure are not tried.
 * @returns undefined for an answer that does not fit; what was done stays done
 * @source Green Book ed. 8 §9.3.5, §9.4.6.9
 */
export async function serveAccess(
  request: AccessRequest,
  access: ObjectAccess,
  caller: Caller,
  maxPduBytes: number,
): Promise<Uint8Array | undefined> {
  const { specifications, data, longInvokeIdAndPriority } = request
  const answers: Answer[] = []
  let room = maxPduBytes
  let isBroken = specifications.length !== data.length
  for (const [i, item] of specifications.entries()) {
    const isTried = !isBroken && room > 0
    const answer = isTried ? await serveItem(item, data[i]!, access, caller) : refused(item)
    answers.push(answer)
    room -= answer.value.length
    if (answer.result !== 0 && hasBit(longInvokeIdAndPriority, 'breakOnError')) isBroken = true
  }
  const response = emitResponse(request, answers)
  return response.length <= maxPduBytes ? response : undefined
}

async function serveItem(
  item: AccessSpecification,
  value: CosemData,
  access: ObjectAccess,
  caller: Caller,
): Promise<Answer> {
  const needed: readonly ConformanceBit[] =
    item.service !== 'action' && item.selection !== undefined ? [item.service, 'selective-access'] : [item.service]
  if (!needed.every((bit) => conforms(caller.conformance, bit))) return refused(item)
  switch (item.service) {
    case 'get': {
      const answer = await access.read(item, caller)
      if ('refused' in answer) return { value: noValue, result: dataAccessResults[answer.refused] }
      return { value: answer, result: dataAccessResults.success }
    }
    case 'set':
      return { value: noValue, result: dataAccessResults[await access.write(item, value, caller)] }
    case 'action': {
      const outcome = await access.invoke(item.method, value.type === 'null-data' ? undefined : value, caller)
      return { value: encoded(outcome.data), result: actionResults[outcome.result] }
    }
  }
}

/** A value that does not fit its own type is left out; what the method did it has done. */
function encoded(data: CosemData | undefined): Uint8Array {
  if (data === undefined) return noValue
  try {
    return emitData(data)
  } catch (error) {
    if (error instanceof DlmsError) return noValue
    throw error
  }
}

const refused = (item: AccessSpecification): Answer => ({
  value: noValue,
  result: item.service === 'action' ? actionResults['other-reason'] : dataAccessResults['other-reason'],
})

const hasBit = (id: number, bit: keyof typeof longInvokeBits): boolean => (id & longInvokeBits[bit]) !== 0

/** Values are encoded already, so the lists are put together here. */
function emitResponse(request: AccessRequest, answers: readonly Answer[]): Uint8Array {
  const { longInvokeIdAndPriority, specifications } = request
  const writer = new ByteWriter().u8(apduTags['access-response']).u32(longInvokeIdAndPriority)
  writeOctets(writer, new Uint8Array(0))
  if (hasBit(longInvokeIdAndPriority, 'selfDescriptive')) {
    // A request without data carries the list as its own encoding has it, after tag, id and an empty date-time.
    const repeated = emitXdlms({ kind: 'access-request', longInvokeIdAndPriority, specifications, data: [] })
    writer.u8(1).bytes(repeated.slice(6, -1))
  } else writer.u8(0)
  writeBerLength(writer, answers.length)
  for (const { value } of answers) writer.bytes(value)
  writeList(
    writer,
    answers.map(({ result }, i) => [serviceTags[specifications[i]!.service], result] as const),
    (pair) => writer.u8(pair[0]).u8(pair[1]),
  )
  return writer.toBytes()
}
