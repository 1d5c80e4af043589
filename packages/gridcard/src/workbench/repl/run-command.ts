import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { toHex } from '@gridcard/bytes'
import { exitCodes } from '../../exit-code.ts'
import { parseInstallOptions } from '../aid-option.ts'
import { counted, printable } from '../text-layout.ts'
import { type GivenCap, inLoadingOrder } from '../try/cap-library.ts'
import { loadAndInstall, readCaps, WorkbenchCard } from '../workbench-card.ts'
import { nameApplets } from './applet-names.ts'
import { CardSession, complete, failureReply, type Reply } from './card-session.ts'

export interface RunOptions {
  readonly install?: readonly string[]
  readonly json?: true
}

export interface RunTerminal {
  readonly input: Readable & { readonly isTTY?: boolean }
  readonly output: Writable
}

const PROMPT = '> '

/** `gridcard run`: until quit or the end of input. @returns the exit code: 1 if a piped line was not understood */
export async function run(paths: readonly string[], raw: RunOptions, { input, output }: RunTerminal): Promise<number> {
  const parameters = parseInstallOptions(raw.install)
  const given = readCaps(paths)
  const card = new WorkbenchCard()
  loadAndInstall(card, given, parameters)
  const session = new CardSession(card, nameApplets(given), preparation(given, parameters))
  const isTyped = input.isTTY === true && !raw.json
  const say = (reply: Reply) => output.write(raw.json ? `${JSON.stringify(reply.json)}\n` : reply.text)
  if (!raw.json) output.write(greeting(session))
  const lines = createInterface({
    input,
    prompt: PROMPT,
    crlfDelay: Number.POSITIVE_INFINITY,
    ...(isTyped && { output, completer: (line: string) => complete(session, line) }),
  })
  let failures = 0
  if (isTyped) lines.prompt()
  for await (const line of lines) {
    if (!isTyped && !raw.json && line.trim() !== '') output.write(`${PROMPT}${printable(line)}\n`)
    const reply = obey(session, line, () => failures++)
    if (reply !== undefined) say(reply)
    if (session.hasEnded) break
    if (isTyped) lines.prompt()
  }
  lines.close()
  if (isTyped && !session.hasEnded) output.write('\n')
  return failures === 0 || isTyped ? exitCodes.done : exitCodes.failed
}

function obey(session: CardSession, line: string, onFailure: () => void): Reply | undefined {
  try {
    return session.execute(line)
  } catch (error) {
    onFailure()
    return failureReply(error)
  }
}

function greeting({ applets }: CardSession): string {
  const list = applets.map(({ name, aid }) => `  ${name}  ${aid}\n`).join('')
  return `A developer card with ${counted(applets.length, 'applet')}. Type hex or a command, "help" tells them.\n${list}`
}

function preparation(given: readonly GivenCap[], parameters: ReadonlyMap<string, Uint8Array>): string[] {
  return inLoadingOrder(given).flatMap(({ path, cap }) => {
    const aids = cap.applet?.applets.map(({ aid }) => toHex(aid)) ?? []
    return [
      `load ${path}`,
      ...aids.map((aid) => `install ${aid} ${toHex(parameters.get(aid) ?? new Uint8Array())}`.trim()),
    ]
  })
}
