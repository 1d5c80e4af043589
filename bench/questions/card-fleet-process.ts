import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { meterSecurityCardProfile } from 'gridcard'
import { personalisedImage, protect } from './metering-card.ts'

/** Makes so many cards, lets each work, and prints the growth of the process for each of them, in bytes. */
const count = Number(process.argv[2])
const first = Card.open({ profile: meterSecurityCardProfile, crypto: nodeCrypto, image: await personalisedImage() })
const warm = first.clone()
warm.powerOn()
protect(warm)

const settle = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().rss
}

const before = settle()
const cards = Array.from({ length: count }, () => first.clone())
for (const card of cards) {
  card.powerOn()
  if (protect(card) !== 0) throw new Error('a card begins with another counter')
}
const after = settle()
// They are all still there, each with its own counter.
for (const [i, card] of cards.entries()) {
  const wanted = i % 1000 === 0 ? [1, 2] : []
  for (const counter of wanted) if (protect(card) !== counter) throw new Error('a card lost its counter')
}
console.log(Math.round((after - before) / count))
