import type { RegistryEntry } from '@gridcard/terminal'
import type { CommandIo } from '../../dlms/command-io.ts'
import { tableLines } from '../../dlms/table.ts'
import type { GpOptions } from '../options.ts'
import { printEither, withSession } from '../session.ts'

/** Everything on the card that the security domain may know. */
export async function gpList(io: CommandIo, options: GpOptions): Promise<void> {
  await withSession(io, options, { authenticates: true }, async (session) => {
    const entries = await session.client.registry()
    printEither(session, { entries }, listText(entries))
  })
}

const TITLES = {
  'issuer-domain': 'issuer domain',
  'security-domain': 'domain',
  application: 'application',
  'load-file': 'package',
} as const

export function listText(entries: readonly RegistryEntry[]): string {
  const issuer = entries.find(({ kind }) => kind === 'issuer-domain')?.aid
  const lines = tableLines(
    entries.map(({ kind, aid, stateName, version }) => [
      TITLES[kind],
      aid,
      stateName,
      kind === 'load-file' ? versionText(version) : '',
    ]),
  )
  return entries
    .map(({ kind, aid, privileges, modules, loadFile, domain }, index) => {
      const further = [
        ...(privileges.length > 0 ? [`privileges: ${privileges.join(', ')}`] : []),
        ...modules.map((module) => `applet ${module}`),
        ...(kind === 'application' && loadFile !== undefined ? [`of package ${loadFile}`] : []),
        // What belongs to the issuer's domain, or to itself, needs no word.
        ...(domain !== undefined && domain !== aid && domain !== issuer ? [`in domain ${domain}`] : []),
      ]
      return [lines[index]!, ...further.flatMap((line) => wrapped(line).map((part) => `    ${part}`))].join('\n')
    })
    .map((text) => `${text}\n`)
    .join('')
}

const versionText = (version: string | undefined) =>
  version === undefined ? '' : `${Number.parseInt(version.slice(0, 2), 16)}.${Number.parseInt(version.slice(2), 16)}`

/** At most 76 columns, cut behind commas. */
function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(/(?<=, )/)) {
    if (lines.at(-1)!.length + word.length > 72) lines.push('  ')
    lines[lines.length - 1] += word
  }
  return lines.map((line) => line.trimEnd())
}
