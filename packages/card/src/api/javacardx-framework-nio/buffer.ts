import type { Jcre } from '../../runtime/jcre.ts'
import { handleAt, intAt, type JcreMethod } from '../native-call.ts'
import { capacityOf, failIndex, limitOf, positionOf, remainingOf, setLimit, setPosition } from './buffer-state.ts'

/** javacardx.framework.nio.Buffer: 0 <= position <= limit <= capacity, else IndexOutOfBoundsException. */

const of =
  (answer: (jcre: Jcre, buffer: number) => number): JcreMethod =>
  (jcre, at) =>
    answer(jcre, handleAt(jcre, at))

/** Sets position and limit, and gives the buffer back. */
const move = (place: (jcre: Jcre, buffer: number, at: number) => { position: number; limit: number }): JcreMethod => {
  return (jcre, at) => {
    const buffer = handleAt(jcre, at)
    const { position, limit } = place(jcre, buffer, at)
    if (position < 0 || position > limit || limit > capacityOf(jcre, buffer)) failIndex(jcre)
    setPosition(jcre, buffer, position)
    setLimit(jcre, buffer, limit)
    return buffer
  }
}

const BUFFER = 'Ljavacardx/framework/nio/Buffer;'

export const bufferMethods: Readonly<Record<string, JcreMethod>> = {
  'Buffer.capacity()I': of(capacityOf),
  'Buffer.position()I': of(positionOf),
  [`Buffer.position(I)${BUFFER}`]: move((jcre, buffer, at) => ({
    position: intAt(jcre, at + 1),
    limit: limitOf(jcre, buffer),
  })),
  'Buffer.limit()I': of(limitOf),
  [`Buffer.limit(I)${BUFFER}`]: move((jcre, buffer, at) => {
    const limit = intAt(jcre, at + 1)
    return { position: Math.min(positionOf(jcre, buffer), Math.max(limit, -1)), limit }
  }),
  [`Buffer.clear()${BUFFER}`]: move((jcre, buffer) => ({ position: 0, limit: capacityOf(jcre, buffer) })),
  [`Buffer.flip()${BUFFER}`]: move((jcre, buffer) => ({ position: 0, limit: positionOf(jcre, buffer) })),
  [`Buffer.rewind()${BUFFER}`]: move((jcre, buffer) => ({ position: 0, limit: limitOf(jcre, buffer) })),
  'Buffer.remaining()I': of(remainingOf),
  'Buffer.hasRemaining()Z': of((jcre, buffer) => (remainingOf(jcre, buffer) > 0 ? 1 : 0)),
}
