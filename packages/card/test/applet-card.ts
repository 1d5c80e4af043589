import { fromHex, toHex } from '@gridcard/bytes'
import { createMethodPackage, type MethodPackageOptions } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { Card, type CardLogEntry, type CardProfile, type NvStore } from '../src/index.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

export const SW_OK = '9000'

/** A powered card with one applet from assembler text; `send` takes and gives hex. */
export class AppletCard {
  readonly card: Card
  readonly aid: Uint8Array
  readonly log: CardLogEntry[] = []

  constructor(
    process: string,
    options: Partial<MethodPackageOptions> & {
      store?: NvStore
      budget?: number
      profile?: CardProfile
      onLog?: () => void
    } = {},
  ) {
    const { store, budget, profile = TEST_PROFILE, onLog, ...rest } = options
    this.card = Card.create({
      profile,
      crypto: nodeCrypto,
      log: (entry) => {
        this.log.push(entry)
        onLog?.()
      },
      ...(store && { store }),
      ...(budget !== undefined && { instructionBudget: budget }),
    })
    this.aid = addApplet(this.card, 1, process, rest)
    this.card.powerOn()
  }

  send(hex: string): string {
    return toHex(this.card.transmit(fromHex(hex)))
  }

  select(aid = this.aid): string {
    return this.send(selectCommand(aid))
  }
}

export function selectCommand(aid: Uint8Array): string {
  return `00A40400${toHex(Uint8Array.of(aid.length, ...aid))}`
}

/** Loads and installs one more applet; its package AID ends in `number`, its AID in `number` 01. */
export function addApplet(card: Card, number: number, process: string, options: Partial<MethodPackageOptions> = {}) {
  const packageAid = Uint8Array.of(...fromHex('F0475249440000'), number)
  const appletAid = Uint8Array.of(...packageAid, 1)
  const { cap } = createMethodPackage({
    packageAid,
    methods: {},
    ...options,
    applet: { process: { code: process, maxLocals: 4 }, aid: appletAid },
  })
  card.loadPackage(cap)
  return card.installApplet({ packageAid, appletAid })
}
