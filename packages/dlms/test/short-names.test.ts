import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { cosem, DlmsError, parseApdu, ShortNameClient, traceApdu } from '../src/index.ts'

/** A meter that answers what it is told to, and nothing else. */
function meter(script: readonly (readonly [request: string, response: string])[]) {
  const left = [...script]
  return {
    send: async (request: Uint8Array) => {
      const [expected, response] = left.shift() ?? ['nothing', '']
      expect(toHex(request)).toBe(expected.replaceAll(' ', ''))
      return fromHex(response.replaceAll(' ', ''))
    },
    left,
  }
}

const AARQ = '601DA109060760857405080102BE10040E01000000065F1F0400181B20FFFF'
const AARE = '6129A109060760857405080102A203020100A305A103020100BE10040E0800065F1F0400180320 00C8 FA00'

async function associated(...script: (readonly [string, string])[]) {
  const transport = meter([[AARQ, AARE], ...script])
  const client = new ShortNameClient({ transport, mechanism: 'none' })
  await client.associate()
  return { client, transport }
}

/** Two objects: a Register at 0100, a Clock at 2000. @source Blue Book ed. 14 §4.4.3, class 12 attribute 2 */
const LIST = [
  '05 01 02 FA08',
  '0C 01 00 01 02 0204 10 0100 12 0003 11 00 09 06 0100010800FF 0204 10 2000 12 0008 11 00 09 06 0000010000FF',
] as const

const energy = { classId: 3, logicalName: '1.0.1.8.0.255' }

describe('a meter with short names', () => {
  it('its object list in blocks, as a server of Gurux sent it', async () => {
    const transport = meter([
      [
        '601DA109060760857405080102BE10040E01000000065F1F0400181B20FFFF',
        '6129A109060760857405080102A203020100A305A103020100BE10040E0800065F1F040018032000C8FA00',
      ],
      [
        '050102FA08',
        '0C010200000181C001210204100100120003110009060100010800FF0204100140120003110009060100010801FF02041001' +
          '80120003110009060100010802FF02041001C0120003110009060100010803FF0204100200120003110009060100010804FF' +
          '0204100240120003110009060100010805FF0204100280120003110009060100010806FF02041002C0120003110009060100' +
          '010807FF0204100300120003110009060100010808FF0204100340120003110009060100010809FF02041003801200031100',
      ],
      [
        '0501050001',
        '0C010200000281C00906010001080AFF02041003C012000311000906010001080BFF02041004001200031100090601000108' +
          '0CFF020410044012000311000906010001080DFF020410048012000311000906010001080EFF02041004C012000311000906' +
          '010001080FFF0204100500120003110009060100010810FF0204100540120003110009060100010811FF0204100580120003' +
          '110009060100010812FF02041005C0120003110009060100010813FF0204100600120003110009060100010814FF02041006',
      ],
      [
        '0501050002',
        '0C010200000381C040120003110009060100010815FF0204100680120003110009060100010816FF02041006C01200031100' +
          '09060100010817FF0204100700120003110009060100010818FF0204100740120003110009060100010819FF020410078012' +
          '000311000906010001081AFF02041007C012000311000906010001081BFF020410080012000311000906010001081CFF0204' +
          '10084012000311000906010001081DFF02041010001200011100090600002A0000FF02041020001200081100090600000100',
      ],
      ['0501050003', '0C01020100041400FF020410FA0012000C110009060000280000FF'],
    ])
    const client = new ShortNameClient({ transport, mechanism: 'none' })
    expect(await client.associate()).toMatchObject({ conformance: 0x180320, serverMaxPduBytes: 200 })
    const objects = await client.objectList()
    expect(objects).toHaveLength(33)
    expect(objects[0]).toEqual({ baseName: 0x100, classId: 3, version: 0, logicalName: '1.0.1.8.0.255' })
    expect(objects.at(-1)).toEqual({ baseName: 0xfa00, classId: 12, version: 0, logicalName: '0.0.40.0.0.255' })
    expect(transport.left).toEqual([])
  })

  it('an attribute stands 8 behind the one before; a refusal is told by name', async () => {
    const { client } = await associated(
      LIST,
      ['05 01 02 0108', '0C 01 00 06 00001267'],
      ['05 01 02 0110', '0C 01 01 03'],
    )
    expect(await client.get({ ...energy, attributeIndex: 2 })).toEqual(cosem.doubleLongUnsigned(4711))
    await expect(client.get({ ...energy, attributeIndex: 3 })).rejects.toMatchObject({
      place: { result: 'read-write-denied' },
    })
    await expect(client.get({ classId: 3, logicalName: '1.0.2.8.0.255', attributeIndex: 2 })).rejects.toMatchObject({
      place: { result: 'object-undefined' },
    })
    await expect(client.get({ classId: 1, logicalName: '1.0.1.8.0.255', attributeIndex: 2 })).rejects.toMatchObject({
      place: { result: 'object-class-inconsistent' },
    })
  })

  it('selective access and methods are parameterised access and writes', async () => {
    const { client } = await associated(
      LIST,
      ['05 01 04 0108 01 12 0005', '0C 01 00 00'],
      ['06 01 02 0128 01 0F 00', '0D 01 00'],
      ['06 01 02 2088 01 10 003C', '0D 01 01 0C'],
      ['05 01 04 0128 01 0F 00', '0C 01 00 11 07'],
    )
    const selection = { selector: 1, parameters: cosem.longUnsigned(5) }
    expect(await client.get({ ...energy, attributeIndex: 2 }, selection)).toEqual(cosem.nullData)
    expect(await client.action({ ...energy, methodIndex: 1 })).toBeUndefined()
    const shift = { classId: 8, logicalName: '0.0.1.0.0.255', methodIndex: 6 }
    await expect(client.action(shift, cosem.long(60))).rejects.toMatchObject({ place: { result: 'type-unmatched' } })
    expect(await client.action({ ...energy, methodIndex: 1 }, undefined, { returns: true })).toEqual(cosem.unsigned(7))
  })

  it('several at once, and blocks as a list of results', async () => {
    const { client } = await associated(
      ['05 02 02 0108 02 0110', '0C 02 00 06 00001267 01 03'],
      ['06 02 02 0108 02 0110 02 11 01 11 02', '0D 02 00 00'],
      ['05 02 02 0108 02 0110', '0C 01 02 00 0001 04 02 00 06 00'],
      ['05 01 05 0001', '0C 01 02 01 0002 05 001267 01 03'],
    )
    const both = [
      { kind: 'variable-name', name: 0x108 },
      { kind: 'variable-name', name: 0x110 },
    ] as const
    const answer = [
      { ok: true, data: cosem.doubleLongUnsigned(4711) },
      { ok: false, result: 'read-write-denied' },
    ]
    expect(await client.read(both)).toEqual(answer)
    await client.write([
      { name: 0x108, value: cosem.unsigned(1) },
      { name: 0x110, value: cosem.unsigned(2) },
    ])
    expect(await client.read(both)).toEqual(answer)
  })

  it('a refusal of the whole request, another service, other names and blocks out of order are errors', async () => {
    const whole = await associated(['05 01 02 FA08', '0E 01 03 02'])
    await expect(whole.client.objectList()).rejects.toMatchObject({ code: 'DLMS_EXCEPTION_RESPONSE' })
    for (const answer of ['0D 01 00', '0C 00', '0C 02 00 00 00 00', '0C 01 02 00 0002 01 00', '0C 01 03 0001']) {
      const { client } = await associated(['05 01 02 FA08', answer])
      await expect(client.objectList(), answer).rejects.toBeInstanceOf(DlmsError)
      expect(client.isAssociated).toBe(false)
    }
    const wrongName = meter([[AARQ, AARE.replace('FA00', '0007')]])
    const client = new ShortNameClient({ transport: wrongName, mechanism: 'none' })
    await expect(client.associate()).rejects.toMatchObject({ code: 'DLMS_UNEXPECTED_RESPONSE' })
    await expect(client.objectList()).rejects.toMatchObject({ code: 'DLMS_NOT_ASSOCIATED' })
  })

  it('what is longer than the server takes goes in blocks, both ways, and a refused block ends it', async () => {
    const small = AARE.replace('180320 00C8', '181B20 001B')
    const value = cosem.octetString(Uint8Array.from({ length: 20 }, (_unused, i) => i))
    const one = { name: 0x108, value }
    const writing = (...script: (readonly [string, string])[]) => {
      const transport = meter([[AARQ, small], ...script])
      return { client: new ShortNameClient({ transport, mechanism: 'none' }), transport }
    }
    const first = '06 01 07 00 0001 01 09 0B 01 02 0108 01 09 14 00010203'
    const second = ['06 01 07 00 0002 01 09 0B 0405060708090A0B0C0D0E', '0D 01 02 0002'] as const
    const third = '06 01 07 01 0003 01 09 05 0F10111213'
    const { client, transport } = writing([first, '0D 01 02 0001'], second, [third, '0D 01 00'])
    await client.associate()
    await client.write([one])
    expect(transport.left).toEqual([])
    for (const script of [
      [[first, '0D 01 01 10']],
      [[first, '0D 01 02 0001'], second, [third, '0D 01 01 03']],
    ] as const) {
      const refused = writing(...script)
      await refused.client.associate()
      await expect(refused.client.write([one])).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    }
    for (const answer of ['0D 01 02 0002', '0D 01 00', '0D 02 02 0001 00', '0C 01 00 00']) {
      const wrong = writing([first, answer])
      await wrong.client.associate()
      await expect(wrong.client.write([one]), answer).rejects.toMatchObject({ code: 'DLMS_UNEXPECTED_RESPONSE' })
      expect(wrong.client.isAssociated).toBe(false)
    }
    const variable = { kind: 'parameterized-access', name: 0x108, selector: 1, parameter: value } as const
    const reading = writing(
      ['05 01 06 00 0001 0B 01 04 0108 01 09 14 00010203', '0C 01 03 0001'],
      ['05 01 06 00 0002 0B 0405060708090A0B0C0D0E', '0C 01 03 0002'],
      ['05 01 06 01 0003 05 0F10111213', '0C 01 00 11 07'],
    )
    await reading.client.associate()
    expect(await reading.client.read([variable])).toEqual([{ ok: true, data: cosem.unsigned(7) }])
    const noRoom = meter([[AARQ, AARE.replace('180320 00C8', '180300 0010')]])
    const without = new ShortNameClient({ transport: noRoom, mechanism: 'none' })
    await without.associate()
    await expect(without.write([one])).rejects.toMatchObject({ code: 'DLMS_LIMIT_EXCEEDED' })
  })

  it('a part of an attribute is written by parameterised access, in a list too', async () => {
    const { client } = await associated(['06 02 04 0108 02 11 03 02 0110 02 11 01 11 02', '0D 02 00 01 0B'])
    const selection = { selector: 2, parameters: cosem.unsigned(3) }
    const items = [
      { name: 0x108, value: cosem.unsigned(1), selection },
      { name: 0x110, value: cosem.unsigned(2) },
    ]
    await expect(client.write(items)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED', place: { name: 0x110 } })
  })

  describe('without an answer', () => {
    const UNCONFIRMED_AARQ = AARQ.replace('181B20', '1C1B20')
    const posting = async (aare: string) => {
      const posted: string[] = []
      const transport = {
        ...meter([[UNCONFIRMED_AARQ, aare]]),
        post: async (apdu: Uint8Array) => void posted.push(toHex(apdu)),
      }
      const client = new ShortNameClient({ transport, mechanism: 'none' })
      await client.associate()
      return { client, posted }
    }

    it('is written only where the meter has agreed to it, and what fits', async () => {
      const one = [{ name: 0x108, value: cosem.unsigned(1) }]
      const refused = await posting(AARE)
      await expect(refused.client.writeUnconfirmed(one)).rejects.toMatchObject({ code: 'DLMS_CONFIGURATION' })
      const { client, posted } = await posting(AARE.replace('180320', '1C0320'))
      const long = [{ name: 0x108, value: cosem.octetString(new Uint8Array(300)) }]
      await expect(client.writeUnconfirmed(long)).rejects.toMatchObject({ code: 'DLMS_LIMIT_EXCEEDED' })
      await client.writeUnconfirmed(one)
      expect(posted).toEqual(['1601020108011101'])
    })
  })

  it('reports of the meter are told, between request and answer and by themselves', async () => {
    const report = '18 00 01 02 0108 01 11 07'
    const heard: number[] = []
    const waiting = ['0C 01 00 11 09', report]
    let onWaiting = () => {}
    const transport = {
      ...meter([
        [AARQ, AARE],
        ['05 01 02 0108', report],
      ]),
      next: async () => {
        const next = waiting.shift()
        return next === undefined ? undefined : fromHex(next.replaceAll(' ', ''))
      },
      onWaiting: (listener: () => void) => {
        onWaiting = listener
      },
    }
    const client = new ShortNameClient({
      transport,
      mechanism: 'none',
      onReport: ({ variables, values }) => heard.push(variables.length + values.length),
    })
    await client.associate()
    const variable = { kind: 'variable-name', name: 0x108 } as const
    expect(await client.read([variable])).toEqual([{ ok: true, data: cosem.unsigned(9) }])
    expect(heard).toEqual([2])
    onWaiting()
    expect(await client.receiveReport(fromHex(report.replaceAll(' ', '')))).toBe(true)
    expect(await client.receiveReport(fromHex('0C01001109'))).toBe(false)
    expect(heard).toEqual([2, 2, 2])
  })

  it('is seen in a trace, without values', () => {
    expect(traceApdu(fromHex('0501020108'))).toContain('0108')
    expect(traceApdu(fromHex('0C01000600001267'))).not.toContain('4711')
    expect(parseApdu(fromHex('18000102010801 1101'.replaceAll(' ', '')))).toEqual({
      kind: 'information-report-request',
      variables: [{ kind: 'variable-name', name: 0x108 }],
      values: [cosem.unsigned(1)],
    })
  })
})
