import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { fromHex, toHex } from '@gridcard/bytes'
import { emitWpdu, WrapperSplitter } from '@gridcard/dlms'

const AARE = '6129A109060760857405080102A203020100A305A103020100BE10040E0800065F1F040018032000C8FA00'

/** What a meter with short names answers, in octets: a Register at 0100, a Clock at 2000. @source Green Book ed. 9 §9.5 */
const answers: Readonly<Record<string, string>> = {
  '050102FA08': '0C010001020204100100120003110009060100010800FF0204102000120008110009060000010000FF',
  '0501020108': '0C01000600001267',
  '0501020110': '0C010002020F00161E',
  '0501022008': '0C0100090C07EA011F060D0700FF003C00',
  '0601020108010600000000': '0D010103',
  '060102200801090C07EA011F060C000000000000': '0D0100',
  '6203800100': '6303800100',
}

/** An old meter over the TCP wrapper; what it does not know it cuts. */
export class ShortNameMeter {
  readonly #sockets = new Set<Socket>()
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket)
    const splitter = new WrapperSplitter()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      for (const { apdu, sourceWPort, destinationWPort } of splitter.push(chunk)) {
        const answer = apdu[0] === 0x60 ? AARE : answers[toHex(apdu)]
        if (answer === undefined) socket.destroy()
        else
          socket.write(
            emitWpdu({ sourceWPort: destinationWPort, destinationWPort: sourceWPort, apdu: fromHex(answer) }),
          )
      }
    })
  })

  /** @returns its target, `127.0.0.1:PORT` */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}
