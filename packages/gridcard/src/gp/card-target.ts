import type { CardLink } from '@gridcard/terminal'
import { openCardImage } from '../reader/open-cards.ts'
import { badOption, type GpOptions } from './options.ts'

/** A card to manage, wherever it is. */
export interface CardTarget {
  readonly link: CardLink
  close(): Promise<void>
}

/** The image of `--card`, or the card in the reader of `--reader`. */
export async function openTarget({ card, reader }: Pick<GpOptions, 'card' | 'reader'>): Promise<CardTarget> {
  if ((card === undefined) === (reader === undefined)) {
    throw badOption('which card: --card FILE for an image, or --reader NAME for one in a reader')
  }
  if (card !== undefined) {
    const { link, close } = openCardImage(card)
    return {
      link,
      async close() {
        await link.powerOff()
        close()
      },
    }
  }
  const { connectPcscReader } = await import('@gridcard/terminal/node')
  const link = await connectPcscReader(reader!)
  // It has its power already, and nobody else can have reset it meanwhile.
  return { link: { ...link, powerOn: async () => link.atr }, close: () => link.close() }
}
