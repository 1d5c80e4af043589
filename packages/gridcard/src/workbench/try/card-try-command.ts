import { cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { exitCodes } from '../../exit-code.ts'
import { parseInstallOptions } from '../aid-option.ts'
import { readInputFile } from '../input-file.ts'
import { counted, wrap } from '../text-layout.ts'
import { requireApplets } from '../workbench-card.ts'
import type { GivenCap } from './cap-library.ts'
import { parseGiven, type TryOutcome, type TryResult, tryCap } from './try-cap.ts'

export interface CardTryOptions {
  readonly install?: readonly string[]
  readonly json?: true
}

/** About a second of byte codes; no honest install method needs a tenth of it. */
const INSTRUCTION_BUDGET = 100_000_000

/** `gridcard card try`: a line for each file as soon as it is known. @returns the exit code */
export function cardTry(files: readonly string[], raw: CardTryOptions, write: (text: string) => void): number {
  const parameters = parseInstallOptions(raw.install)
  const parsed = files.map((path) => parseGiven(path, readInputFile(path)))
  const given = parsed.filter((one): one is GivenCap => 'cap' in one)
  requireApplets(given, parameters)
  const options = {
    profile: cardProfile('developer'),
    crypto: nodeCrypto,
    instructionBudget: INSTRUCTION_BUDGET,
    parameters,
  }
  const counts: Record<TryResult, number> = { installed: 0, loaded: 0, refused: 0, crashed: 0 }
  const outcomes: TryOutcome[] = []
  for (const one of parsed) {
    const outcome = 'cap' in one ? tryCap(one, given, options) : one
    counts[outcome.result]++
    if (raw.json) outcomes.push(outcome)
    else write(describeOutcome(outcome))
  }
  if (raw.json) write(`${JSON.stringify({ files: outcomes, counts })}\n`)
  else if (files.length > 1) write(`\n${summary(counts)}\n`)
  return counts.refused + counts.crashed === 0 ? exitCodes.done : exitCodes.failed
}

const RESULT_COLUMNS = 11

/** One line, folded at 80 columns. */
export function describeOutcome(outcome: TryOutcome): string {
  const { result, file, refusal, applets, usedBytes } = outcome
  const says =
    refusal === undefined
      ? `${applets.length === 0 ? 'no applets' : counted(applets.length, 'applet')}, ${counted(usedBytes ?? 0, 'byte')}`
      : describeRefusal(refusal)
  return `${wrap(`${result.padEnd(RESULT_COLUMNS - 1)} ${file}: ${says}`, ' '.repeat(RESULT_COLUMNS))}\n`
}

function describeRefusal({ at, subject, reason, code, place }: NonNullable<TryOutcome['refusal']>): string {
  const what = { parse: '', load: '', library: `its library ${subject}: `, install: `applet ${subject}: ` }[at]
  const statusWord = place?.['sw']
  const sw = typeof statusWord === 'number' ? `, status ${statusWord.toString(16).toUpperCase().padStart(4, '0')}` : ''
  return `${what}${code === undefined ? 'fault of the card: ' : ''}${reason}${sw}${code === undefined ? '' : ` (${code})`}`
}

function summary(counts: Readonly<Record<TryResult, number>>): string {
  const { installed, loaded, refused, crashed } = counts
  return `${installed} installed, ${loaded} loaded, ${refused} refused${crashed === 0 ? '' : `, ${crashed} crashed`}`
}
