import { once } from 'node:events'
import { equalBytes, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { DlmsError, type Push, PushReceiver, SoftwareSecurityModule } from '@gridcard/dlms'
import { listenForPush, type PushListener, type PushSource } from '@gridcard/dlms/node'
import { LauncherError } from '../errors.ts'
import { exitCodes } from '../exit-code.ts'
import { integer } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { DlmsToolError } from './errors.ts'
import { type AssociationKeys, findKeys, systemCode } from './keys/association-keys.ts'
import { CounterFile } from './keys/counter-file.ts'
import { attributeText } from './reference.ts'
import { countersPathOf } from './session.ts'
import { toJson } from './value-json.ts'
import { dateTimeText, valueLines } from './value-text.ts'

export interface RawPushListenOptions {
  readonly host?: string
  readonly port?: string
  readonly keyFile?: string
  readonly counters?: string
  readonly plain?: true
  readonly count?: string
  readonly json?: true
}

const SLOT = 0

/** `gridcard dlms push-listen`: shows notifications over TCP and UDP until it is stopped, or a number of them came. */
export async function pushListen(
  raw: RawPushListenOptions,
  io: CommandIo,
  { signal, nowMs = Date.now }: { readonly signal: AbortSignal; readonly nowMs?: () => number },
): Promise<number> {
  const host = raw.host ?? '127.0.0.1'
  const port = integer('--port', raw.port ?? '4059', 0, 65535)
  const wanted = raw.count === undefined ? Number.POSITIVE_INFINITY : integer('--count', raw.count, 1, 1_000_000)
  const keys = findKeys(raw.keyFile, io.env)
  if (keys === undefined && raw.plain !== true) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      'without keys nothing can be trusted: give --key-file, or --plain to see what anybody sends',
    )
  }
  const counters = keys && (await openFloors(keys, raw))
  const stamp = () => new Date(nowMs()).toISOString().replace(/\.\d+Z$/, 'Z')
  const enough = new AbortController()
  let seen = 0
  let listener: PushListener | undefined
  try {
    listener = await open(host, port, {
      receiver: receiverOf(keys, counters, raw.plain === true),
      onPush: (push, from) => {
        if (seen === wanted) return
        seen++
        if (raw.json) io.out(`${JSON.stringify(pushJson(push, from, stamp()))}\n`)
        else for (const line of pushLines(push, from, stamp(), io.columns)) io.out(`${line}\n`)
        if (seen === wanted) enough.abort()
      },
      onRefused: (reason, from) => io.err(`${stamp()} refused from ${from.address}:${from.port}: ${reason}\n`),
    })
    if (raw.json) io.out(`${JSON.stringify({ listening: { host, port: listener.port }, pid: process.pid })}\n`)
    else io.err(`Listening on ${host} port ${listener.port}, TCP and UDP. Ctrl-C ends it.\n`)
    const ended = AbortSignal.any([signal, enough.signal])
    if (!ended.aborted) await once(ended, 'abort')
  } finally {
    await listener?.close()
    counters?.close()
  }
  return exitCodes.done
}

type ListenerParts = Pick<Parameters<typeof listenForPush>[0], 'receiver' | 'onPush' | 'onRefused'>

async function open(host: string, port: number, parts: ListenerParts): Promise<PushListener> {
  try {
    return await listenForPush({ ...parts, host, port })
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    const why = systemCode(error.cause)
    throw new DlmsToolError('GRIDCARD_CANNOT_LISTEN', `cannot listen on ${host} port ${port} (${why})`)
  }
}

/** Floors of what was received are kept, so that nothing is shown twice. */
function openFloors(keys: AssociationKeys, raw: RawPushListenOptions): Promise<CounterFile> {
  return CounterFile.open({
    path: countersPathOf(raw.counters, keys, 'push-counters'),
    ownSystemTitle: keys.clientSystemTitle,
    peerSystemTitle: keys.serverSystemTitle,
    blockCipherKey: keys.blockCipherKey,
    floors: 'each',
  })
}

function receiverOf(
  keys: AssociationKeys | undefined,
  counters: CounterFile | undefined,
  acceptsPlain: boolean,
): PushReceiver {
  if (keys === undefined || counters === undefined) return new PushReceiver({ acceptsPlain })
  const slotKeys = { ...keys, peerSystemTitle: keys.serverSystemTitle }
  return new PushReceiver({
    acceptsPlain,
    slotOf: (title) => (equalBytes(title, keys.serverSystemTitle) ? SLOT : undefined),
    security: new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: keys.clientSystemTitle,
      slots: (slot) => (slot === SLOT ? slotKeys : undefined),
      counters,
    }),
  })
}

const sourceText = ({ address, port }: PushSource) => `${address}:${port}`

function pushLines({ notification, systemTitle }: Push, from: PushSource, at: string, columns: number): string[] {
  const sender = systemTitle === undefined ? 'in clear' : `from ${toHex(systemTitle)}`
  const isData = notification.kind === 'data-notification'
  const head = `${at} ${isData ? 'data-notification' : 'event-notification'} ${sender} ${sourceText(from)}`
  const body = isData ? notification.body : notification.value
  const what = isData ? [] : [`  ${attributeText(notification.attribute)}`]
  return [head, ...what, ...valueLines(body, columns - 2).map((line) => `  ${line}`)]
}

function pushJson({ notification, systemTitle }: Push, from: PushSource, receivedAt: string): object {
  const common = {
    kind: notification.kind.replace('-request', ''),
    receivedAt,
    from: sourceText(from),
    systemTitle: systemTitle === undefined ? null : toHex(systemTitle),
  }
  if (notification.kind === 'data-notification') {
    const { dateTime, body } = notification
    return { ...common, ...(dateTime && { dateTime: dateTimeText(dateTime) }), value: toJson(body) }
  }
  return { ...common, attribute: attributeText(notification.attribute), value: toJson(notification.value) }
}
