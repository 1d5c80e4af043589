import { join } from 'node:path'
import { Card, cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { inProcessLink } from '@gridcard/terminal'
import type { LineCards } from '@gridcard/terminal/personalisation'
import { FileNvStore } from '../start/file-nv-store.ts'

const profile = cardProfile('metering')
const KEY_VERSION = 0x30

/** Cards of the metering profile. A new one lives in memory until it is whole; one in use writes to its file. */
export function lineCards(folder: string): LineCards {
  return {
    create(issuerKeys) {
      const keys = { keyVersion: KEY_VERSION, type: 'aes' as const, ...issuerKeys }
      const card = Card.create({ profile, crypto: nodeCrypto, issuerKeys: keys })
      card.powerOn()
      return {
        link: inProcessLink(card),
        image() {
          card.powerOff()
          return card.image()
        },
      }
    },
    look: (image) => inProcessLink(Card.open({ profile, crypto: nodeCrypto, image })),
    open(path) {
      const store = new FileNvStore(join(folder, path))
      const card = Card.open({ profile, crypto: nodeCrypto, store })
      return { link: inProcessLink(card), close: () => store.close() }
    },
  }
}
