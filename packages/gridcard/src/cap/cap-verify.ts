import { CapFormatError, findingOfFormatError, type VerifyFinding, verifyCapFile, verifyRules } from '@gridcard/cap'
import { exitCodes } from '../exit-code.ts'
import { counted, wrap } from '../workbench/text-layout.ts'
import { type CapIo, isNotReadable, parseCapAt, reportUnreadable } from './cap-io.ts'

export interface CapVerifyOptions {
  readonly json?: boolean
  /** Takes what could not be checked for a finding too. */
  readonly strict?: boolean
}

/** `gridcard cap verify`. @returns exit code: 0 no findings, 1 findings, 2 a file could not be read */
export function verifyCaps(io: CapIo, files: readonly string[], options: CapVerifyOptions = {}): number {
  let exitCode: number = exitCodes.done
  const results: { file: string; passed: boolean; findings: readonly VerifyFinding[] }[] = []
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
function findingsOf(file: string): readonly VerifyFinding[] {
  try {
    return verifyCapFile(parseCapAt(file))
  } catch (error) {
    if (!(error instanceof CapFormatError) || isNotReadable(error)) throw error
    return [findingOfFormatError(error)]
  }
}

function resultText(file: string, passed: boolean, findings: readonly VerifyFinding[]): string {
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

function findingLines({ severity, className, method, pc, rule, message, source }: VerifyFinding): string {
  const place = [method ?? className ?? 'package', ...(pc === undefined ? [] : [`+${pc}`])].join(' ')
  const owner = method !== undefined && className !== undefined ? ` in ${className}` : ''
  return `${wrap(`  ${place}${owner}: ${rule} (${source})`, '      ')}\n${wrap(`    ${MARKS[severity]}${message}`, '      ')}\n`
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
