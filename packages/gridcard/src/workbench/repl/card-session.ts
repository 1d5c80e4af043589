import { GridcardError, toHex } from '@gridcard/bytes'
import { describeStatusWord, emitCommand } from '@gridcard/terminal'
import { hexOrUndefined } from '../aid-option.ts'
import { WorkbenchError } from '../errors.ts'
import { counted, hexLines, printable, spacedHex, wrap } from '../text-layout.ts'
import type { Outcome, WorkbenchCard } from '../workbench-card.ts'
import type { NamedApplet } from './applet-names.ts'

/** What a typed line did, for people and for programs. */
export interface Reply {
  readonly text: string
  readonly json: Readonly<Record<string, unknown>>
}

/** An exchange with the card, as a script would write it. */
interface Exchange {
  readonly sent: string
  readonly received: string
}

interface SessionCommand {
  readonly usage: string
  readonly about: string
  act(session: CardSession, words: readonly string[]): Reply
}

const MOST_STATES = 100
const MOST_LINES_KEPT = 1000

/** A card and somebody who types: every line is a command APDU in hex or one of `commands`. */
export class CardSession {
  readonly card: WorkbenchCard
  readonly applets: readonly NamedApplet[]
  readonly states = new Map<string, Uint8Array>()
  readonly exchanges: Exchange[] = []
  readonly lines: string[] = []
  #hasEnded = false

  /** @param preparation statements of a script that makes such a card */
  constructor(card: WorkbenchCard, applets: readonly NamedApplet[], preparation: readonly string[] = []) {
    this.card = card
    this.applets = applets
    for (const sent of preparation) this.exchanges.push({ sent, received: '' })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  end(): void {
    this.#hasEnded = true
  }

  /**
   * @returns undefined for an empty line or a comment
   * @throws WorkbenchError `GRIDCARD_COMMAND_NOT_UNDERSTOOD`; CardError for what the card cannot do
   */
  execute(typed: string): Reply | undefined {
    const line = this.#recall(typed.replace(/#.*$/, '').trim())
    if (line === '') return undefined
    keep(this.lines, line)
    const [word = '', ...words] = line.split(/\s+/)
    const command = Object.hasOwn(commands, word) ? commands[word] : undefined
    if (command !== undefined) return command.act(this, words)
    const bytes = hexOrUndefined(line)
    if (bytes === undefined) throw notUnderstood(`"${printable(word).slice(0, 40)}" is no command, type help`)
    if (bytes.length < 4) throw notUnderstood(`a command APDU has 4 bytes or more, not ${bytes.length}`)
    return this.send(bytes)
  }

  send(command: Uint8Array): Reply {
    return this.#exchange(spacedHex(command), () => this.card.transmit(command), describeResponse)
  }

  reset(): Reply {
    return this.#exchange('reset', () => this.card.reset(), describeAtr)
  }

  save(name: string): Reply {
    if (!this.states.has(name) && this.states.size >= MOST_STATES) throw notUnderstood(`${MOST_STATES} states are kept`)
    this.states.set(name, this.card.image())
    return told(`saved as ${name}`, { saved: name })
  }

  back(name: string): Reply {
    const image = this.states.get(name)
    if (image === undefined) throw notUnderstood(`no state is saved as "${printable(name)}"; ${this.#stateNames()}`)
    this.card.restore(image)
    keep(this.exchanges, { sent: `# back ${name}`, received: '' })
    return told(`back at ${name}, as after a reset`, { back: name })
  }

  #stateNames(): string {
    return this.states.size === 0 ? 'none is' : `there is ${[...this.states.keys()].join(', ')}`
  }

  #exchange(sent: string, act: () => Outcome<Uint8Array>, describe: (answer: Uint8Array) => Reply): Reply {
    const outcome = act()
    if (outcome.kind === 'power-cut') {
      keep(this.exchanges, { sent, received: 'power-cut' })
      return told('power was cut; the card has been started again', { powerCut: true })
    }
    keep(this.exchanges, { sent, received: spacedHex(outcome.value) })
    return describe(outcome.value)
  }

  /** `!3` is line 3 of the history again, `!!` the last. */
  #recall(line: string): string {
    if (!line.startsWith('!')) return line
    const number = line === '!!' ? this.lines.length : Number(line.slice(1))
    const found = this.lines[number - 1]
    if (found === undefined) throw notUnderstood(`the history has no line ${printable(line.slice(1))}`)
    return found
  }
}

function describeResponse(response: Uint8Array): Reply {
  const end = response.length - 2
  const sw = response[end]! * 256 + response[end + 1]!
  const data = response.subarray(0, end)
  const text = describeStatusWord(sw)
  return {
    text: `${hexLines(data, '  ')}  ${text}\n`,
    json: { data: toHex(data), sw: text.slice(0, 4), text: text.slice(5) },
  }
}

function describeAtr(atr: Uint8Array): Reply {
  return told(`ATR ${spacedHex(atr)}`, { atr: toHex(atr) })
}

function told(text: string, json: Reply['json']): Reply {
  return { text: `  ${text}\n`, json }
}

function keep<T>(list: T[], one: T): void {
  list.push(one)
  if (list.length > MOST_LINES_KEPT) list.shift()
}

export function notUnderstood(message: string): WorkbenchError {
  return new WorkbenchError('GRIDCARD_COMMAND_NOT_UNDERSTOOD', message)
}

/** @throws WorkbenchError unless there are as many words as the usage has */
function requireWords(words: readonly string[], count: number, usage: string): readonly string[] {
  if (words.length === count) return words
  throw notUnderstood(`it is written: ${usage}`)
}

/** An exchange as statements of a script; long ones are continued on the next line. */
function scriptLines({ sent, received }: Exchange): string {
  const folded = (statement: string) => statement.replace(/(?:\S+ ){24}(?=\S)/g, (part) => `${part}\\\n  `)
  return `${folded(sent)}\n${received === '' ? '' : `${folded(`> ${received}`)}\n`}`
}

/** Everything that can be typed besides hex; `help` and completion read it. */
export const commands: Readonly<Record<string, SessionCommand>> = {
  select: {
    usage: 'select AID|NAME',
    about: 'SELECT an applet by AID or name',
    act: (session, words) => session.send(selectOf(session.applets, words)),
  },
  reset: {
    usage: 'reset',
    about: 'power off and on',
    act: (session, words) => {
      requireWords(words, 0, 'reset')
      return session.reset()
    },
  },
  memory: {
    usage: 'memory',
    about: 'where the memory of the card went',
    act: (session, words) => {
      requireWords(words, 0, 'memory')
      return describeMemory(session)
    },
  },
  apdus: {
    usage: 'apdus',
    about: 'all exchanges, as a script for "gridcard script"',
    act: ({ exchanges }, words) => {
      requireWords(words, 0, 'apdus')
      return { text: exchanges.map(scriptLines).join(''), json: { apdus: [...exchanges] } }
    },
  },
  save: {
    usage: 'save NAME',
    about: 'remember the card as it is now',
    act: (session, words) => session.save(requireWords(words, 1, 'save NAME')[0]!),
  },
  back: {
    usage: 'back NAME',
    about: 'the card as it was then',
    act: (session, words) => session.back(requireWords(words, 1, 'back NAME')[0]!),
  },
  'power-cut-after': {
    usage: 'power-cut-after N',
    about: 'the next command loses power after N writes',
    act: ({ card, exchanges }, words) => {
      const count = requireWords(words, 1, 'power-cut-after N')[0]!
      if (!/^\d{1,6}$/.test(count)) throw notUnderstood('it is written: power-cut-after N')
      card.cutPowerAfter(Number(count))
      keep(exchanges, { sent: `power-cut-after ${count}`, received: '' })
      return told(`the next command loses power after ${counted(Number(count), 'write')}`, {
        powerCutAfter: Number(count),
      })
    },
  },
  history: {
    usage: 'history',
    about: 'what was typed; !3 does line 3 again, !! the last',
    act: ({ lines }) => {
      const text = lines.map((line, i) => `${String(i + 1).padStart(4)}  ${printable(line)}\n`).join('')
      return { text, json: { history: [...lines] } }
    },
  },
  help: {
    usage: 'help',
    about: 'this',
    act: ({ applets }) => {
      const all = Object.values(commands)
      const lines = all.map(({ usage, about }) => `  ${usage.padEnd(20)}${about}\n`).join('')
      const names = applets.map(({ name, aid }) => `  ${name.padEnd(20)}${aid}\n`).join('')
      const text = `  ${'80 10 00 00'.padEnd(20)}a command APDU in hex\n${lines}${names === '' ? '' : `applets:\n${names}`}`
      return { text, json: { commands: all.map(({ usage }) => usage), applets } }
    },
  },
  quit: {
    usage: 'quit',
    about: 'the end',
    act: (session) => {
      session.end()
      return { text: '', json: { ended: true } }
    },
  },
}

function selectOf(applets: readonly NamedApplet[], words: readonly string[]): Uint8Array {
  const text = words.join('')
  const aid = hexOrUndefined(applets.find(({ name }) => name === text)?.aid ?? text)
  if (aid === undefined || aid.length === 0 || aid.length > 16) {
    const names = applets.map(({ name }) => name).join(', ')
    throw notUnderstood(`select takes an AID in hex, or a name: ${names === '' ? 'no applet is installed' : names}`)
  }
  return emitCommand({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: aid, ne: 256 })
}

function describeMemory({ card, applets }: CardSession): Reply {
  const report = card.report()
  const { nvSizeBytes, nvUsedBytes, nvSystemBytes, ramSizeBytes, ramUsedBytes, ramStackBytes } = report.memory
  const nameOf = (aid: string) => applets.find((one) => one.aid === aid)?.name ?? ''
  const lines = [
    `non-volatile  ${nvUsedBytes} of ${nvSizeBytes} bytes, ${nvSystemBytes} of them header and commit buffer`,
    `RAM           ${ramUsedBytes} of ${ramSizeBytes} bytes, and ${ramStackBytes} for the stack`,
    ...report.packages.map(({ aid, version, sizeBytes }) => `package ${aid} ${version}  ${sizeBytes} bytes`),
    ...report.applets.map(
      ({ aid, persistentBytes, transientBytes }) =>
        `applet ${aid} ${nameOf(aid)}  ${persistentBytes} bytes, ${transientBytes} in RAM`,
    ),
  ]
  const text = lines.map((line) => `${wrap(`  ${line}`, ' '.repeat(10))}\n`).join('')
  return { text, json: { memory: report } }
}

/** A line that failed, as a reply. @throws anything that is a bug of ours */
export function failureReply(error: unknown): Reply {
  if (!(error instanceof GridcardError)) throw error
  return told(error.message, { error: error.message, code: error.code })
}

/** Completion of the word that is being typed. */
export function complete(session: CardSession, line: string): [string[], string] {
  const [, first, last = ''] = /^(\S+\s+)?(\S*)$/.exec(line) ?? []
  const words =
    first === undefined
      ? Object.keys(commands)
      : first.startsWith('select')
        ? session.applets.map(({ name }) => name)
        : first.startsWith('back')
          ? [...session.states.keys()]
          : []
  return [words.filter((word) => word.startsWith(last)), last]
}
