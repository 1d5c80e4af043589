import { eventLogLogicalNames, meterLogicalNames } from '@gridcard/devices'
import { type CosemData, type DlmsClient, epochMsOf, numberOf, parseDateTime } from '@gridcard/dlms'

/** A number attribute, as it is on the wire. */
export async function readNumber(client: DlmsClient, classId: number, logicalName: string, attributeIndex = 2) {
  return numberOf(await client.get({ classId, logicalName, attributeIndex }))
}

export function atMsOf(data: CosemData | undefined): number {
  if (data?.type !== 'octet-string') throw new Error('no clock column')
  return epochMsOf(parseDateTime(data.value))!
}

export function rowsOf(data: CosemData): (readonly CosemData[])[] {
  if (data.type !== 'array') throw new Error('no array')
  return data.value.map((row) => {
    if (row.type !== 'structure') throw new Error('no structure')
    return row.value
  })
}

/** The load profile as a head-end would store it: differences of neighbouring rows. */
export function intervalsOf(data: CosemData) {
  const readings = rowsOf(data).map(([clock, status, importWh, exportWh]) => ({
    atMs: atMsOf(clock),
    status: numberOf(status!)!,
    importWh: numberOf(importWh!)!,
    exportWh: numberOf(exportWh!)!,
  }))
  return readings.slice(1).map((reading, i) => ({
    startMs: readings[i]!.atMs,
    endMs: reading.atMs,
    importWh: reading.importWh - readings[i]!.importWh,
    exportWh: reading.exportWh - readings[i]!.exportWh,
    status: reading.status,
  }))
}

export async function readLog(client: DlmsClient, name: keyof typeof eventLogLogicalNames) {
  const { log } = eventLogLogicalNames[name]
  const rows = rowsOf(await client.get({ classId: 7, logicalName: log, attributeIndex: 2 }))
  return rows.map(([clock, code]) => ({ atMs: atMsOf(clock), code: numberOf(code!)! }))
}

export const loadProfile = { classId: 7, logicalName: meterLogicalNames.loadProfile, attributeIndex: 2 }
export const disconnectMethod = { classId: 70, logicalName: meterLogicalNames.disconnectControl, methodIndex: 1 }
export const reconnectMethod = { classId: 70, logicalName: meterLogicalNames.disconnectControl, methodIndex: 2 }
