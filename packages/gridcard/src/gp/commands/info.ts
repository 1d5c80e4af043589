import { toHex } from '@gridcard/bytes'
import type { GlobalPlatformClient } from '@gridcard/terminal'
import type { CommandIo } from '../../dlms/command-io.ts'
import { tableLines } from '../../dlms/table.ts'
import type { GpOptions } from '../options.ts'
import { printEither, withSession } from '../session.ts'

/** What a card tells anybody: no keys are needed. */
export async function gpInfo(io: CommandIo, options: GpOptions): Promise<void> {
  await withSession(io, options, { authenticates: false }, async (session) => {
    const info = await readInfo(session.client)
    const value = { domain: toHex(session.domainAid), ...info }
    printEither(session, value, infoText(value))
  })
}

async function readInfo(client: GlobalPlatformClient) {
  const number = async (tag: number) => {
    const data = await client.getData(tag)
    return data === undefined || data.length === 0 ? undefined : toHex(data)
  }
  return {
    recognition: await client.cardRecognitionData(),
    capabilities: await client.cardCapabilities(),
    keys: await client.keyInformation(),
    cplc: await client.cplc(),
    issuerNumber: await number(0x0042),
    imageNumber: await number(0x0045),
    sequenceCounter: await number(0x00c1),
  }
}

type Info = { readonly domain: string } & Awaited<ReturnType<typeof readInfo>>

const hexByte = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')

function infoText(info: Info): string {
  const { recognition, capabilities, keys, cplc } = info
  const rows: string[][] = [['security domain', info.domain]]
  if (recognition !== undefined) {
    rows.push(['card specification', recognition.version ?? 'not said'])
    for (const { protocol, options } of recognition.protocols) {
      rows.push([`SCP${hexByte(protocol)}`, options.map((option) => `i=${hexByte(option)}`).join(' ')])
    }
    if (recognition.configuration !== undefined) rows.push(['configuration', recognition.configuration])
    if (recognition.chip !== undefined) rows.push(['chip', recognition.chip])
  }
  for (const { protocol, aesKeyBits } of capabilities?.protocols ?? []) {
    if (aesKeyBits.length > 0) rows.push([`SCP${hexByte(protocol)} keys`, `AES ${aesKeyBits.join(', ')}`])
  }
  if (capabilities !== undefined) rows.push(['load file hashes', capabilities.loadFileHashes.join(', ')])
  for (const { identifier, version, components } of keys ?? []) {
    const what = components.map(({ typeName, lengthBytes }) => `${typeName}, ${lengthBytes} bytes`).join('; ')
    rows.push([`key ${version}/${identifier}`, what])
  }
  if (cplc !== undefined) {
    rows.push(['fabricator, type', `${cplc.icFabricator} ${cplc.icType}`])
    rows.push(['serial number', cplc.icSerialNumber])
  }
  if (info.issuerNumber !== undefined) rows.push(['issuer number', info.issuerNumber])
  if (info.imageNumber !== undefined) rows.push(['image number', info.imageNumber])
  return tableLines(rows)
    .map((line) => `${line}\n`)
    .join('')
}
