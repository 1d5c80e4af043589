import { equalBytes } from '@gridcard/bytes'
import { type CosemData, cosem, dateTimeOf, emitApdu, emitDateTime, parseApdu } from '@gridcard/dlms'
import type { Question } from '../question.ts'

const intervals = 96
const startMs = Date.UTC(2026, 5, 15)

/** A day in quarters: time, status, import, export. */
const row = (i: number): CosemData =>
  cosem.structure(
    cosem.octetString(emitDateTime(dateTimeOf(startMs + i * 900_000))),
    cosem.unsigned(0),
    cosem.doubleLongUnsigned(1_000_000 + i * 120),
    cosem.doubleLongUnsigned(i),
  )

export const dlmsProfileCodec: Question = {
  name: 'dlms-profile-codec',
  question: 'GET responses with 96 intervals of 4 columns, emitted and parsed',
  unit: 'responses/s',
  async prepare() {
    const data = cosem.array(Array.from({ length: intervals }, (_unused, i) => row(i)))
    const response = { kind: 'get-response-normal', invokeIdAndPriority: 0xc1, result: { data } } as const
    return {
      async verify() {
        const bytes = emitApdu(response)
        const parsed = parseApdu(bytes)
        if (parsed.kind !== 'get-response-normal' || !('data' in parsed.result)) throw new Error(parsed.kind)
        const rows = parsed.result.data.type === 'array' ? parsed.result.data.value : []
        if (rows.length !== intervals || !equalBytes(emitApdu(parsed), bytes)) throw new Error('another response')
      },
      async run() {
        for (let i = 0; i < 100; i++) parseApdu(emitApdu(response))
        return 100
      },
      async close() {},
    }
  },
}
