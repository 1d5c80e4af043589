import { toHex } from '@gridcard/bytes'
import type { CardLink } from '@gridcard/terminal'

/** STORE DATA may carry anybody's secrets in clear; keys of PUT KEY are encrypted in any case. */
const INS_STORE_DATA = 0xe2

/** Tells each command and answer in hex, as they go over the wire; of STORE DATA only the header and how long it is. */
export function tracedLink(link: CardLink, write: (line: string) => void): CardLink {
  return {
    async powerOn() {
      const atr = await link.powerOn()
      write(`* ATR ${toHex(atr)}`)
      return atr
    },
    async transmit(command) {
      const shown =
        command[1] === INS_STORE_DATA ? `${toHex(command.slice(0, 5))} .. ${command.length - 5} bytes` : toHex(command)
      write(`> ${shown}`)
      const startedMs = performance.now()
      const response = await link.transmit(command)
      write(`< ${toHex(response)}  ${(performance.now() - startedMs).toFixed(1)} ms`)
      return response
    },
    powerOff: () => link.powerOff(),
  }
}
