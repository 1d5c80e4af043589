import {
  type CapFile,
  CapFormatError,
  type FindingSource,
  findingOfFormatError,
  sourceOfFinding,
  type VerifyFinding,
  verifyCapFile,
  verifyRules,
} from '@gridcard/cap'
import { exitCodes } from '../exit-code.ts'
import { findDebugMap } from '../symbols/debug-map-file.ts'
import { javaMethod } from '../symbols/java-names.ts'
import { counted, wrap } from '../workbench/text-layout.ts'
import { type CapIo, isNotReadable, parseCapAt, reportUnreadable } from './cap-io.ts'

export interface CapVerifyOptions {
  readonly json?: boolean
  /** Takes what could not be checked for a finding too. */
  readonly strict?: boolean
}

/** A finding, and where it is in the Java source if a debug map tells. */
type PlacedFinding = VerifyFinding & { readonly java?: FindingSource }

/** `gridcard cap verify`. @returns exit code: 0 no findings, 1 findings, 2 a file could not be read */
export function verifyCaps(io: CapIo, files: readonly string[], options: CapVerifyOptions = {}): number {
  let exitCode: number = exitCodes.done
  const results: { file: string; passed: boolean; findings: readonly PlacedFinding[] }[] = []
  for (const file of files) {
    try {
      const findings = findingsOf(file)
      const passed = !findings.some(({ severity }) => {
        return severity === 'violation' || (options.strict === true && severity === 'unchecked')
      })
      results.push({ file, passed, findings })
      if (!passed && exitCode === exitCodes.done) exitCode = exitCodes.failed
      if (!options.json) io.out(resultText(file, passed, findings))
    } catch (error) {
      reportUnreadable(io, file, error)
      exitCode = exitCodes.cannotBegin
    }
  }
  if (options.json) io.out(`${JSON.stringify({ files: results })}\n`)
  return exitCode
}

/** Faults of the format are findings; a file that is no CAP file at all is not. */
function findingsOf(file: string): readonly PlacedFinding[] {
  try {
    const cap = parseCapAt(file)
    return withSources(file, cap, verifyCapFile(cap))
  } catch (error) {
    if (!(error instanceof CapFormatError) || isNotReadable(error)) throw error
    return [findingOfFormatError(error)]
  }
}

function withSources(file: string, cap: CapFile, findings: readonly VerifyFinding[]): readonly PlacedFinding[] {
  const map = findings.length > 0 ? findDebugMap(file, cap)?.map : undefined
  if (map === undefined) return findings
  return findings.map((finding) => {
    const java = sourceOfFinding(finding, map)
    return java ? { ...finding, java } : finding
  })
}

function resultText(file: string, passed: boolean, findings: readonly PlacedFinding[]): string {
  const count = (severity: VerifyFinding['severity']) => findings.filter((one) => one.severity === severity).length
  const [violations, unchecked] = [count('violation'), count('unchecked')]
  const remarks = [
    ...(violations > 0 ? [counted(violations, 'violation')] : []),
    ...(unchecked > 0 ? [`${unchecked} not checked`] : []),
  ]
  const verdict = `${passed ? 'ok' : 'REFUSED'}${remarks.length > 0 ? `, ${remarks.join(', ')}` : ''}`
  return `${wrap(`${file}: ${verdict}`, '  ')}\n${findings.map(findingLines).join('')}`
}

const MARKS = { violation: '', unchecked: 'not checked: ', tolerated: 'tolerated: ' } as const

function findingLines({ severity, className, method, pc, rule, message, source, java }: PlacedFinding): string {
  const label = [method ?? className ?? 'package', ...(pc === undefined ? [] : [`+${pc}`])].join(' ')
  const owner = method !== undefined && className !== undefined ? ` in ${className}` : ''
  const place = java ? `${wrap(`  ${javaPlace(java)}`, '      ')}\n` : ''
  return `${place}${wrap(`  ${label}${owner}: ${rule} (${source})`, '      ')}\n${wrap(`    ${MARKS[severity]}${message}`, '      ')}\n`
}

/** In the form of a compiler's: editors find `mywallet/MyWallet.java:12:` by themselves. */
function javaPlace({ source, line, className, method }: FindingSource): string {
  const file = source === undefined ? '' : `${source}${line === undefined ? '' : `:${line}`}: `
  return `${file}${className}${method === undefined ? '' : `.${javaMethod(method)}`}`
}

/** What every rule means, for `--rules`. */
export function listRules(io: CapIo, options: CapVerifyOptions = {}): number {
  if (options.json) {
    io.out(`${JSON.stringify({ rules: verifyRules })}\n`)
    return exitCodes.done
  }
  for (const [rule, { meaning, source }] of Object.entries(verifyRules)) {
    io.out(`${rule}\n${wrap(`  ${meaning} (${source})`, '  ')}\n`)
  }
  return exitCodes.done
}
