import { type AttributeRef, type CosemData, cosem, type DlmsClient, DlmsError, numberOf } from '@gridcard/dlms'
import type { MeterLog } from './event-codes.ts'
import type { LogProof, SealedEntry } from './log-judge.ts'
import { meterNames } from './meter-names.ts'

const sealedLog: AttributeRef = { classId: 1, logicalName: meterNames.sealedLog, attributeIndex: 2 }
const logs: readonly MeterLog[] = ['standard', 'fraud', 'disconnector']

/** @returns undefined when the meter gives no seal, or not of this form */
export async function askForLog(client: DlmsClient, nonce: Uint8Array): Promise<LogProof | undefined> {
  let answer: CosemData
  try {
    await client.set(sealedLog, cosem.octetString(nonce))
    answer = await client.get(sealedLog)
  } catch (error) {
    if (error instanceof DlmsError && error.code === 'DLMS_ACCESS_REFUSED') return undefined
    throw error
  }
  const [seal, list] = answer.type === 'structure' ? answer.value : []
  if (seal?.type !== 'octet-string' || list?.type !== 'array') return undefined
  const entries = list.value.map(entryOf)
  return entries.includes(undefined) ? undefined : { nonce, seal: seal.value, entries: entries as SealedEntry[] } // none is
}

function entryOf(data: CosemData): SealedEntry | undefined {
  if (data.type !== 'structure' || data.value.length !== 4) return undefined
  const [number, log, atMs, code] = data.value.map(numberOf)
  const name = log === undefined ? undefined : logs[log]
  if (number === undefined || name === undefined || atMs === undefined || code === undefined) return undefined
  return { number, log: name, atMs, code }
}
