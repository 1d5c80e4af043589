import {
  type CardLink,
  emitCommand,
  IntegrityClient,
  integrityStatusWords,
  isCardRefusal,
  isSuccess,
  parseResponse,
} from '@gridcard/terminal'
import {
  type DeviceIntegrity,
  isSoftwareRefusal,
  type SoftwareRefusal,
  type SoftwareRefusalReason,
} from './device-integrity.ts'

const words = integrityStatusWords
const refusalOfStatusWord: ReadonlyMap<number, SoftwareRefusalReason> = new Map([
  [words.authenticationFailed, 'not-genuine'],
  [words.wrongTarget, 'foreign'],
  [words.belowFloor, 'too-old'],
  [words.policy, 'not-allowed'],
  [words.notNow, 'not-now'],
  [words.conditions, 'out-of-order'],
])

const unavailable: SoftwareRefusal = { refused: 'unavailable' }

/**
 * The Integrity applet of the device's card, on a logical channel of its own, so that the applet with the keys stays selected
 * on the basic one. Commands go one after the other. @source ISO/IEC 7816-4 §5.4.2, §11.1.2 (MANAGE CHANNEL)
 */
export function cardIntegrity(link: CardLink): DeviceIntegrity {
  let client: IntegrityClient | undefined
  let tail: Promise<unknown> = Promise.resolve()

  /** What is not in the table, and a card that does not answer, is `unavailable`: the channel is gone until `open`. */
  const inTurn = <T extends object>(
    act: (client: IntegrityClient) => Promise<T | { readonly sw: number }>,
  ): Promise<T | SoftwareRefusal> => {
    const turn = tail.then(async () => {
      if (client === undefined) return unavailable
      try {
        const answer = await act(client)
        if (!isCardRefusal(answer)) return answer
        const refused = refusalOfStatusWord.get(answer.sw)
        if (refused !== undefined) return { refused }
      } catch {
        // told below
      }
      client = undefined
      return unavailable
    })
    tail = turn
    return turn
  }

  const open = async () => {
    client = undefined
    const opened = parseResponse(await link.transmit(emitCommand({ cla: 0, ins: 0x70, p1: 0, p2: 0, ne: 1 })))
    const channel = opened.data[0]
    if (!isSuccess(opened.sw) || channel === undefined || channel > 3) return unavailable
    const fresh = new IntegrityClient(link, { channel })
    await fresh.select()
    client = fresh
    return { ok: true } as const
  }

  return {
    open() {
      const turn = tail.then(() => open().catch(() => unavailable))
      tail = turn
      return turn
    },
    eventCount: () => inTurn(async (one) => ({ events: (await one.status()).events })),
    releases: (target) => inTurn((one) => one.releases(target)),
    verify: (image, use) => inTurn((one) => one.verifyWholeImage(image, use)),
    start: (target) => inTurn((one) => one.startImage(target)),
    confirm: (target) => inTurn((one) => one.confirmImage(target)),
    abandon: (target) => inTurn((one) => one.abandonTrial(target)),
    activate: (nowSeconds, activation) => inTurn((one) => one.activateImage(nowSeconds, activation)),
    async measure(register, digest) {
      const answer = await inTurn((one) => one.measure(register, digest))
      return isSoftwareRefusal(answer) ? answer : { ok: true }
    },
    check: (register, digest) => inTurn((one) => one.check(register, digest)),
    async quote(request) {
      const answer = await inTurn((one) => one.quote(request))
      return isSoftwareRefusal(answer) ? answer : { quote: answer }
    },
    async readRegister(register) {
      const answer = await inTurn((one) => one.readRegister(register))
      return isSoftwareRefusal(answer) ? answer : { value: answer }
    },
  }
}
