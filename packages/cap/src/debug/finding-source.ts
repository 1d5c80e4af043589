import type { VerifyFinding } from '../verifier/verify-finding.ts'
import { type DebugMap, type DebugMethod, debugLineAt, debugSourceOf } from './debug-map.ts'

/** What the programmer calls the place of a finding. */
export interface FindingSource {
  /** Dotted: `com.example.Purse` */
  readonly className: string
  /** Name and JVM descriptor: `debit(S)V` */
  readonly method?: string
  /** Below the root of the sources: `com/example/Purse.java`. */
  readonly source?: string
  /** Counts from 1. */
  readonly line?: number
}

/**
 * Where in the Java source a finding of the verifier is; without an instruction, the line where its method begins.
 *
 * @returns undefined when the map knows neither its class nor its method
 */
export function sourceOfFinding(finding: VerifyFinding, map: DebugMap): FindingSource | undefined {
  const { methodOffset, classOffset, pc } = finding
  const method = methodOffset === undefined ? undefined : methodAt(map, methodOffset)
  const owner = method ? map.classes[method.class] : map.classes.find((one) => one.offset === classOffset)
  if (!owner || (methodOffset === undefined && classOffset === undefined)) return undefined
  const line = method && debugLineAt(method, pc ?? 0)
  const source = method
    ? debugSourceOf(map, method)
    : owner.source === undefined
      ? undefined
      : map.sources[owner.source]
  return {
    className: owner.name.replaceAll('/', '.'),
    ...(method && { method: method.name + method.descriptor }),
    ...(source !== undefined && { source }),
    ...(line !== undefined && { line }),
  }
}

function methodAt(map: DebugMap, offset: number): DebugMethod | undefined {
  return map.methods.find((one) => one.codeSizeBytes > 0 && one.offset === offset)
}
