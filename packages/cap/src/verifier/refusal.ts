import type { VerifyRule } from './verify-finding.ts'

/** Ends the path that is being followed; becomes a finding at the instruction and never leaves the verifier. */
export class Refusal extends Error {
  readonly rule: VerifyRule
  readonly severity: 'violation' | 'unchecked'

  constructor(rule: VerifyRule, message: string, severity: 'violation' | 'unchecked' = 'violation') {
    super(message)
    this.rule = rule
    this.severity = severity
  }
}

export function refuse(rule: VerifyRule, message: string): never {
  throw new Refusal(rule, message)
}
