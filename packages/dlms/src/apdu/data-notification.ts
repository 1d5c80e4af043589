import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import { readAttributeRef, readOctets, readOptional, writeAttributeRef, writeOctets, writeOptional } from './fields.ts'
import type { AttributeRef } from './references.ts'

/** What a device sends unasked. */
export interface DataNotification {
  readonly kind: 'data-notification'
  /** Invoke id in the low 24 bits. */
  readonly longInvokeIdAndPriority: number
  /** 12 octets, see `parseDateTime`. */
  readonly dateTime?: Uint8Array | undefined
  readonly body: CosemData
}

/** After the tag. @source Green Book ed. 8 §9.5 (Data-Notification) */
export function readDataNotification(reader: ByteReader, limits?: DataLimits): DataNotification {
  const longInvokeIdAndPriority = reader.u32()
  const dateTime = readOctets(reader)
  if (dateTime.length !== 0 && dateTime.length !== 12) throw malformed('date-time is not 12 octets', reader)
  const body = readData(reader, limits)
  return { kind: 'data-notification', longInvokeIdAndPriority, ...(dateTime.length > 0 && { dateTime }), body }
}

export function writeDataNotification(writer: ByteWriter, notification: DataNotification): void {
  writeOctets(writer.u32(notification.longInvokeIdAndPriority), notification.dateTime ?? new Uint8Array(0))
  writeData(writer, notification.body)
}

/** One attribute that changed, told unasked; older than data-notification. */
export interface EventNotification {
  readonly kind: 'event-notification-request'
  /** 12 octets, see `parseDateTime`. */
  readonly time?: Uint8Array | undefined
  readonly attribute: AttributeRef
  readonly value: CosemData
}

/** After the tag. @source Green Book ed. 8 §9.5 (EVENT-NOTIFICATION-Request) */
export function readEventNotification(reader: ByteReader, limits?: DataLimits): EventNotification {
  const time = readOptional(reader, () => readOctets(reader))
  if (time !== undefined && time.length !== 12) throw malformed('time is not 12 octets', reader)
  const attribute = readAttributeRef(reader)
  const value = readData(reader, limits)
  return { kind: 'event-notification-request', ...(time && { time }), attribute, value }
}

export function writeEventNotification(writer: ByteWriter, notification: EventNotification): void {
  writeOptional(writer, notification.time, (time) => writeOctets(writer, time))
  writeAttributeRef(writer, notification.attribute)
  writeData(writer, notification.value)
}
