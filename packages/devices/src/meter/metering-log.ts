import { isCardRefusal, type MeteringClient } from '@gridcard/terminal'
import type { BoundCard } from './bound-card.ts'
import type { LogSealer } from './log-sealer.ts'

/** The chain over a log in a Metering applet. */
export function meteringLog(card: BoundCard<MeteringClient>): LogSealer {
  return {
    entries: () => card.ask(async (client) => (await client.status()).logNumber),
    async extend(digest) {
      const answer = await card.ask((client) => client.extendLog(digest))
      return answer !== undefined && !isCardRefusal(answer)
    },
    async seal(nowSeconds, nonce) {
      const answer = await card.ask((client) => client.sealLog(nowSeconds, nonce))
      return answer === undefined || isCardRefusal(answer) ? undefined : answer
    },
  }
}
