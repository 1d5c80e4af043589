import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { meterSecurityCardProfile } from 'gridcard'
import type { Question } from '../question.ts'
import { personalisedImage, protect } from './metering-card.ts'

const openCard = (image: Uint8Array) => Card.open({ profile: meterSecurityCardProfile, crypto: nodeCrypto, image })

/** Two cards give the same counters, and each its own. */
function requireAlike(one: Card, other: Card): void {
  for (const card of [one, other]) {
    card.powerOn()
    for (const counter of [0, 1]) if (protect(card) !== counter) throw new Error('a card counts wrongly')
  }
}

export const cardOpen: Question = {
  name: 'card-open',
  question: 'personalised metering cards opened from their image, up to the answer to reset',
  unit: 'cards/s',
  async prepare() {
    const image = await personalisedImage()
    return {
      verify: () => requireAlike(openCard(image), openCard(image)),
      run() {
        for (let i = 0; i < 50; i++) openCard(image).powerOn()
        return 50
      },
    }
  },
}

export const cardClone: Question = {
  name: 'card-clone',
  question: 'clones of a personalised metering card',
  unit: 'cards/s',
  async prepare() {
    const card = openCard(await personalisedImage())
    return {
      verify: () => requireAlike(card.clone(), card.clone()),
      run() {
        for (let i = 0; i < 200; i++) card.clone()
        return 200
      },
    }
  },
}
