import { spawn } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import { parseCapFile, parseExportFile } from '@gridcard/cap'
import { type CardLink, PcscEndpoint } from '@gridcard/terminal'
import { servePcsc } from '@gridcard/terminal/node'
import { buildAppletFolder } from '../applet-build.ts'
import { developerCardProfile } from '../reader/developer-profile.ts'
import { debugMapFile, findDebugMap } from '../symbols/debug-map-file.ts'
import { exportFileOf, findExport } from '../symbols/export-file.ts'
import { readInputFile } from '../workbench/input-file.ts'
import { readScript } from '../workbench/script/script-command.ts'
import { CodeMap } from './code-map.ts'
import type { LaunchOptions } from './launch-options.ts'
import { refused } from './launch-options.ts'
import { symbolsOf } from './target/source-symbols.ts'
import type { TargetEvent, TargetSource } from './target/target-api.ts'
import { TargetClient } from './target-client.ts'

const READER_NAME = 'Gridcard Debug 00 00'
const VARIABLE = 'PCSCLITE_CSOCK_NAME'

export type HostEvent = TargetEvent | { readonly event: 'exited'; readonly exitCode: number }

/** A card that is debugged, and what drives it. Outlives the editors that attach to it. */
export class DebugHost {
  readonly code: CodeMap
  readonly target: TargetClient
  readonly #options: LaunchOptions
  readonly #installs: boolean
  #onEvent: (event: HostEvent) => void = () => {}
  #closeReader: (() => Promise<void>) | undefined
  #isStarted = false

  private constructor(options: LaunchOptions, sources: readonly TargetSource[]) {
    this.#options = options
    this.#installs = sources.some(({ isNamesOnly }) => isNamesOnly !== true)
    this.code = new CodeMap(symbolsOf(sources))
    const parameters = Object.entries(options.parameters).map(
      ([aid, hex]) => [toHex(fromHex(aid)), fromHex(hex)] as const,
    )
    this.target = new TargetClient({ sources, parameters }, (event) => this.#onEvent(event))
  }

  /** Builds projects, reads CAP files; nothing is on the card yet. */
  static async prepare(options: LaunchOptions): Promise<DebugHost> {
    const byPath = new Map<string, TargetSource>()
    for (const path of options.applets) {
      const source = statSync(path).isDirectory() ? await buildProject(path) : readCap(path)
      byPath.set(source.path, source)
    }
    for (const path of options.script === undefined ? [] : scriptLoads(options.script, options.format)) {
      const known = byPath.get(path)
      if (known !== undefined) byPath.set(path, { ...known, isNamesOnly: true })
      else if (existsSync(path)) byPath.set(path, { ...readCap(path), isNamesOnly: true })
    }
    return new DebugHost(options, [...byPath.values()])
  }

  /** Whoever listens last is told. */
  listen(onEvent: (event: HostEvent) => void): void {
    this.#onEvent = onEvent
  }

  /** Installs the applets and lets the script, or programs, drive the card. Once. */
  async start(): Promise<void> {
    if (this.#isStarted) return
    this.#isStarted = true
    if (this.#options.stopOnEntry) await this.target.request('pause', { reason: 'entry' })
    if (this.#installs) {
      const { applets } = await this.target.request('install', undefined)
      for (const aid of applets) this.say(`installed ${aid}\n`)
    }
    const { script, format } = this.#options
    if (script !== undefined) {
      const { passed, failed } = await this.target.request('runScript', { path: script, ...(format && { format }) })
      this.say(`\n${passed} passed, ${failed} failed\n`)
      this.#onEvent({ event: 'exited', exitCode: failed === 0 ? 0 : 1 })
    } else if (this.#options.reader) await this.#serveReader()
    else this.say('The card waits: type hex or "help" here.\n')
  }

  say(text: string): void {
    this.#onEvent({ event: 'output', category: 'console', text })
  }

  async end(): Promise<void> {
    this.#onEvent = () => {}
    await this.target.end()
    await this.#closeReader?.()
  }

  async #serveReader(): Promise<void> {
    const { target } = this
    const link: CardLink = {
      powerOn: async () => {
        await target.request('powerOn', undefined)
        return developerCardProfile.atr.slice()
      },
      transmit: (command) => target.request('transmit', command),
      powerOff: async () => {
        await target.request('powerOff', undefined)
      },
    }
    const endpoint = new PcscEndpoint({
      onTrouble: (error) => this.say(`a card failed: ${(error as Error).message}\n`),
    })
    await endpoint.addReader(READER_NAME).insert(link)
    const service = await servePcsc({ endpoint })
    this.#closeReader = () => service.close()
    this.say(`reader "${READER_NAME}"\nexport ${VARIABLE}='${service.socketPath}'\n`)
    const [program, ...args] = this.#options.command ?? []
    if (program !== undefined) this.#runProgram(program, args, service.socketPath)
  }

  #runProgram(program: string, args: readonly string[], socketPath: string): void {
    const child = spawn(program, args, {
      env: { ...process.env, [VARIABLE]: socketPath },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (part) => this.#onEvent({ event: 'output', category: 'stdout', text: `${part}` }))
    child.stderr.on('data', (part) => this.#onEvent({ event: 'output', category: 'stderr', text: `${part}` }))
    child.once('error', (error) => {
      this.#onEvent({ event: 'output', category: 'stderr', text: `${program}: ${error.message}\n` })
      this.#onEvent({ event: 'exited', exitCode: 127 })
    })
    child.once('close', (code) => {
      if (code !== null) this.#onEvent({ event: 'exited', exitCode: code })
    })
  }
}

function readCap(path: string): TargetSource {
  const bytes = readInputFile(path)
  const cap = parseCapFile(bytes)
  const found = findDebugMap(path, cap)
  const shown = findExport(path, cap)
  return {
    path,
    cap: bytes,
    ...(shown && { shown }),
    ...(found && { map: found.map }),
    ...(found?.sourceFolder && { sourceFolder: found.sourceFolder }),
  }
}

/** As `gridcard applet build . --out NAME.cap` in the folder, so that scripts find what they load. */
async function buildProject(folder: string): Promise<TargetSource> {
  const { cap, debug, exp, name } = await buildAppletFolder(folder)
  const path = join(folder, `${name}.cap`)
  const sourceFolder = join(folder, 'src')
  writeFileSync(path, cap)
  const sourceRoot = relative(folder, sourceFolder)
  writeFileSync(debugMapFile(path), `${JSON.stringify({ ...debug, sourceRoot })}\n`)
  if (exp !== undefined) writeFileSync(exportFileOf(path), exp)
  return { path, cap, map: debug, sourceFolder, ...(exp && { shown: parseExportFile(exp) }) }
}

function scriptLoads(script: string, format: string | undefined): string[] {
  try {
    return readScript(script, format).steps.flatMap(({ action }) =>
      action.kind === 'load' ? [resolve(dirname(script), action.path)] : [],
    )
  } catch (cause) {
    throw refused(`${basename(script)}: ${(cause as Error).message}`, { cause })
  }
}
