/**
 * The requests of the pcsc-lite client protocol: number, size of the struct, and where its fields lie. A reply is the same
 * struct with the output fields and `rv` filled in, without the header. All fields are 32 bits in host byte order, which is
 * little-endian on every machine that this was tried on.
 *
 * @source pcsc-lite 1.9.9 to 2.5.1, `winscard_msg.h`
 */
export const HEADER_BYTES = 8

/** Largest APDU either way: extended length with its header, and what pcsc-lite adds for control. */
export const MAX_RAW_BYTES = 65548

/** Reader names in CONNECT and in the state array, NUL padded. */
export const NAME_BYTES = 128

/** Value of an attribute in GET_ATTRIB and SET_ATTRIB. */
export const ATTRIBUTE_BYTES = 264

interface MessageLayout {
  readonly number: number
  /** Size of the struct. */
  readonly bodyBytes: number
  /** Offsets of the fields. */
  readonly fields: Readonly<Record<string, number>>
  /** The field that tells how many raw bytes follow the struct; they are not part of `size` in the header. */
  readonly rawLength?: string
}

const message = <const M extends MessageLayout>(layout: M): M => layout

export const messages = {
  establishContext: message({ number: 0x01, bodyBytes: 12, fields: { scope: 0, context: 4, rv: 8 } }),
  releaseContext: message({ number: 0x02, bodyBytes: 8, fields: { context: 0, rv: 4 } }),
  connect: message({
    number: 0x04,
    bodyBytes: 152,
    fields: { context: 0, reader: 4, shareMode: 132, preferredProtocols: 136, card: 140, activeProtocol: 144, rv: 148 },
  }),
  reconnect: message({
    number: 0x05,
    bodyBytes: 24,
    fields: { card: 0, shareMode: 4, preferredProtocols: 8, initialization: 12, activeProtocol: 16, rv: 20 },
  }),
  disconnect: message({ number: 0x06, bodyBytes: 12, fields: { card: 0, disposition: 4, rv: 8 } }),
  beginTransaction: message({ number: 0x07, bodyBytes: 8, fields: { card: 0, rv: 4 } }),
  endTransaction: message({ number: 0x08, bodyBytes: 12, fields: { card: 0, disposition: 4, rv: 8 } }),
  transmit: message({
    number: 0x09,
    bodyBytes: 32,
    fields: {
      card: 0,
      sendProtocol: 4,
      sendPciLength: 8,
      sendLength: 12,
      receiveProtocol: 16,
      receivePciLength: 20,
      receiveLength: 24,
      rv: 28,
    },
    rawLength: 'sendLength',
  }),
  control: message({
    number: 0x0a,
    bodyBytes: 24,
    fields: { card: 0, code: 4, sendLength: 8, receiveLength: 12, bytesReturned: 16, rv: 20 },
    rawLength: 'sendLength',
  }),
  status: message({ number: 0x0b, bodyBytes: 8, fields: { card: 0, rv: 4 } }),
  cancel: message({ number: 0x0d, bodyBytes: 8, fields: { context: 0, rv: 4 } }),
  getAttribute: message({
    number: 0x0f,
    bodyBytes: 280,
    fields: { card: 0, attribute: 4, value: 8, length: 272, rv: 276 },
  }),
  setAttribute: message({
    number: 0x10,
    bodyBytes: 280,
    fields: { card: 0, attribute: 4, value: 8, length: 272, rv: 276 },
  }),
  version: message({ number: 0x11, bodyBytes: 12, fields: { major: 0, minor: 4, rv: 8 } }),
  getReadersState: message({ number: 0x12, bodyBytes: 0, fields: {} }),
  waitReaderStateChange: message({ number: 0x13, bodyBytes: 0, fields: {} }),
  stopWaitingReaderStateChange: message({ number: 0x14, bodyBytes: 0, fields: {} }),
  getReaderEvents: message({ number: 0x15, bodyBytes: 0, fields: {} }),
  getReadersStateSize: message({ number: 0x16, bodyBytes: 0, fields: {} }),
  getReadersStateArray: message({ number: 0x17, bodyBytes: 0, fields: {} }),
} as const satisfies Readonly<Record<string, MessageLayout>>

export type MessageName = keyof typeof messages
export type FieldOf<Name extends MessageName> = keyof (typeof messages)[Name]['fields'] & string

const byNumber: ReadonlyMap<number, readonly [MessageName, MessageLayout]> = new Map(
  Object.entries(messages).map(([name, layout]) => [layout.number as number, [name as MessageName, layout]]),
)

/** The message of a number in a header. */
export function findMessage(number: number): readonly [MessageName, MessageLayout] | undefined {
  return byNumber.get(number)
}
