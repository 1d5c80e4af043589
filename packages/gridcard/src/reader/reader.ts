import { createInterface } from 'node:readline'
import { PcscEndpoint, type PcscReader } from '@gridcard/terminal'
import { connectVpcd, servePcsc } from '@gridcard/terminal/node'
import { LauncherError } from '../errors.ts'
import { atrText, makeFreshCard, type OpenCard, openCardImage } from './open-cards.ts'
import type { ReaderOptions } from './reader-options.ts'
import { runCommand } from './run-command.ts'

const VARIABLE = 'PCSCLITE_CSOCK_NAME'

/** `gridcard reader`: opens the cards, serves them, and closes them again. @returns the exit code */
export async function reader(options: ReaderOptions): Promise<number> {
  const cards: OpenCard[] = []
  try {
    for (const path of options.cards) cards.push(openCardImage(path))
    const isFresh = options.applets.length > 0 || options.profile !== undefined || cards.length === 0
    if (isFresh) cards.push(makeFreshCard(options.profile ?? 'developer', options.applets))
    return options.vpcd === undefined ? await servePrograms(options, cards) : await serveVpcd(options, cards)
  } finally {
    for (const card of cards) card.close()
  }
}

/** Readers of our own, for programs that have the variable. */
async function servePrograms(options: ReaderOptions, cards: readonly OpenCard[]): Promise<number> {
  const endpoint = new PcscEndpoint({ onTrouble: (error) => say(`a card failed: ${(error as Error).message}`) })
  const slots: Slot[] = []
  for (const [i, card] of cards.entries()) {
    const pcscReader = endpoint.addReader(`${options.name} ${i.toString(16).padStart(2, '0').toUpperCase()} 00`)
    await pcscReader.insert(card.link)
    slots.push({ reader: pcscReader, card })
  }
  const service = await servePcsc({ endpoint })
  try {
    const readers = slots.map(({ reader: { name }, card }) => ({ name, ...describeCard(card) }))
    const ready = { variable: VARIABLE, socketPath: service.socketPath, readers }
    if (options.command !== undefined) {
      if (options.json) say(JSON.stringify(ready))
      const code = await runCommand(options.command, { ...process.env, [VARIABLE]: service.socketPath })
      if (code === 127) say(`gridcard: there is no program ${options.command[0]}`)
      return code
    }
    process.stdout.write(options.json ? `${JSON.stringify(ready)}\n` : introduction(service.socketPath, slots))
    await untilStopped({ onLine: (line) => moveCard(slots, line) })
    return 0
  } finally {
    await service.close()
    for (const { reader: pcscReader } of slots) await pcscReader.remove()
  }
}

/** The virtual readers of a pcscd with vpcd, a port for each. */
async function serveVpcd(options: ReaderOptions, cards: readonly OpenCard[]): Promise<number> {
  const { host, port: firstPort } = options.vpcd!
  const connections: Awaited<ReturnType<typeof connectVpcd>>[] = []
  try {
    for (const [i, card] of cards.entries()) {
      connections.push(await connectVpcd({ link: card.link, host, port: firstPort + i }).catch(cannotBegin))
    }
    const readers = cards.map((card, i) => ({ vpcd: `${host}:${firstPort + i}`, ...describeCard(card) }))
    if (options.json) process.stdout.write(`${JSON.stringify({ readers })}\n`)
    else {
      const lines = readers.map(
        ({ vpcd, card, atr }) => `  ${vpcd}  ${card}\n  ${' '.repeat(vpcd.length)}  ATR ${atr}\n`,
      )
      process.stdout.write(`\n${lines.join('')}\n  Ctrl-C takes the card out.\n\n`)
    }
    await untilStopped({ failure: Promise.all(connections.map(({ ended }) => ended)) })
    return 0
  } finally {
    for (const connection of connections) await connection.close()
  }
}

function cannotBegin(error: Error): never {
  throw new LauncherError(
    'GRIDCARD_BAD_OPTION',
    `--vpcd: ${error.message}; is pcscd running, with vsmartcard-vpcd installed?`,
    {},
    { cause: error },
  )
}

interface Slot {
  readonly reader: PcscReader
  readonly card: OpenCard
}

function describeCard({ title, atr, applets }: OpenCard) {
  return { card: title, atr: atrText(atr), applets }
}

function introduction(socketPath: string, slots: readonly Slot[]): string {
  const lines = slots.map(({ reader: { name }, card }) => {
    const indent = ' '.repeat(name.length)
    const applets = card.applets.map((aid) => `  ${indent}  applet ${aid}\n`).join('')
    return `  ${name}  ${card.title}\n  ${indent}  ATR ${atrText(card.atr)}\n${applets}`
  })
  return (
    `\n${lines.join('')}\n` +
    `  In the shell that runs a PC/SC program:\n\n  export ${VARIABLE}='${socketPath}'\n\n` +
    `  Type "remove" or "insert" (and a reader's number) to move a card; Ctrl-C stops.\n\n`
  )
}

const MOVE = /^(insert|remove)(?: +(\d{1,2}))?$/

async function moveCard(slots: readonly Slot[], line: string): Promise<void> {
  const [, move, number = '0'] = MOVE.exec(line.trim()) ?? []
  const slot = slots[Number(number)]
  if (move === undefined || slot === undefined) {
    say(`"insert" or "remove", and a reader from 0 to ${slots.length - 1}`)
  } else if (move === 'remove') {
    await slot.reader.remove()
  } else if (!slot.reader.isCardPresent) {
    await slot.reader.insert(slot.card.link)
  }
}

interface WhileServing {
  /** Lines from standard input, obeyed one after the other. */
  readonly onLine?: (line: string) => Promise<void>
  /** Its rejection ends the service. */
  readonly failure?: Promise<unknown>
}

/** Until SIGINT, SIGTERM or SIGHUP. */
function untilStopped({ onLine, failure }: WhileServing): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = onLine === undefined ? undefined : createInterface({ input: process.stdin })
    const keepAlive = setInterval(() => {}, 0x7fff_ffff)
    const settle = (finish: () => void) => {
      clearInterval(keepAlive)
      lines?.close()
      process.stdin.destroy()
      for (const signal of signals) process.off(signal, stop)
      finish()
    }
    const stop = () => settle(resolve)
    const fail = (error: unknown) => settle(() => reject(error))
    for (const signal of signals) process.on(signal, stop)
    failure?.catch(fail)
    let obeying = Promise.resolve()
    lines?.on('line', (line) => {
      if (line.trim() !== '') obeying = obeying.then(() => onLine?.(line)).catch(fail)
    })
  })
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
