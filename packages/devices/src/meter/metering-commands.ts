import { isCardRefusal, type MeteringClient, meteringStatusWords } from '@gridcard/terminal'
import type { BoundCard } from './bound-card.ts'
import type { CommandJudge, CommandRefusal, CommandRefusalReason } from './command-judge.ts'

const words = meteringStatusWords

/** @source applets/metering/README.md, status words */
const verifyRefusals: ReadonlyMap<number, CommandRefusalReason> = new Map([
  [0x6700, 'not-genuine'],
  [words.authenticationFailed, 'not-genuine'],
  [words.wrongTarget, 'other-device'],
  [words.notThere, 'not-allowed'],
  [words.policy, 'not-allowed'],
  [words.locked, 'not-allowed'],
  [words.counterBelowFloor, 'old-counter'],
  [words.notNow, 'not-now'],
])
const redeemRefusals: ReadonlyMap<number, CommandRefusalReason> = new Map([
  [words.authenticationFailed, 'other-payload'],
])

/** Critical commands judged by a Metering applet. */
export function meteringCommands(card: BoundCard<MeteringClient>): CommandJudge {
  const asked = async <T extends object>(
    refusals: ReadonlyMap<number, CommandRefusalReason>,
    command: (client: MeteringClient) => Promise<T | { readonly sw: number }>,
  ): Promise<T | CommandRefusal> => {
    const answer = await card.ask(command)
    if (answer === undefined) return { refused: 'unavailable' }
    return 'sw' in answer ? { refused: refusals.get(answer.sw) ?? 'unavailable' } : answer
  }
  return {
    verify: (nowSeconds, command) => asked(verifyRefusals, (client) => client.verifyCommand(nowSeconds, command)),
    redeem: (ticket, payload) => asked(redeemRefusals, (client) => client.redeemTicket(ticket, payload)),
    signResponse: (result, nowSeconds) =>
      asked(redeemRefusals, async (client) => {
        const answer = await client.signResponse(result, nowSeconds)
        return isCardRefusal(answer) ? answer : { response: answer }
      }),
  }
}
