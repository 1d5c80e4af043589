import { readFileSync } from 'node:fs'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { inProcessLink } from '@gridcard/terminal'
import { type LineCards, type LineFiles, ProductionLine } from '@gridcard/terminal/personalisation'
import type { Question } from '../question.ts'

const CAP = new Uint8Array(readFileSync(new URL('../../applets/prebuilt/metering.cap', import.meta.url)))
const profile = cardProfile('metering')

/** A folder in memory: disks are another question. */
function memoryFiles(): LineFiles {
  const files = new Map<string, Uint8Array>()
  const bytesOf = (content: string | Uint8Array) =>
    typeof content === 'string' ? new TextEncoder().encode(content) : content.slice()
  const textOf = (path: string) => {
    const bytes = files.get(path)
    return bytes && new TextDecoder().decode(bytes)
  }
  return {
    read: textOf,
    readBytes: (path) => files.get(path),
    write: (path, content) => files.set(path, bytesOf(content)),
    append: (path, text) => files.set(path, bytesOf(`${textOf(path) ?? ''}${text}`)),
    flush: () => {},
  }
}

const cards: LineCards = {
  create(issuerKeys) {
    const card = Card.create({
      profile,
      crypto: nodeCrypto,
      issuerKeys: { keyVersion: 0x30, type: 'aes', ...issuerKeys },
    })
    card.powerOn()
    return {
      link: inProcessLink(card),
      image() {
        inUse = card.report().memory.nvUsedBytes
        card.powerOff()
        return card.image()
      },
    }
  },
  look: (image) => inProcessLink(Card.open({ profile, crypto: nodeCrypto, image })),
  open() {
    throw new Error('nothing is transferred here')
  },
}
let inUse = 0

/** Cards of suite 1 from blank to handed over: domain, applet over SCP03, keys, key pairs, certificates, key file. */
export const personalise: Question = {
  name: 'personalise',
  question: 'cards that the personalisation line makes: applet over SCP03, key pairs, two certificates, key file',
  unit: 'cards/s',
  async prepare() {
    const line = await ProductionLine.create(
      {
        files: memoryFiles(),
        cards,
        crypto: nodeCrypto,
        nowMs: Date.now,
        loadFiles: new Map([['metering', emitComponents(parseCapFile(CAP))]]),
      },
      { name: 'Bench', owner: 'bench', suite: 1 },
    )
    let next = 1
    const make = async (count: number) => {
      const made = await line.run({ first: next, count })
      next += count
      return made
    }
    return {
      async verify() {
        await make(1)
        const findings = await line.verify()
        if (findings.length > 0) throw new Error(findings[0]!.problem)
      },
      run: () => make(20),
      note: () => `${inUse.toLocaleString('en')} bytes of image in use a card`,
    }
  },
}
