import { ConvertError, type ConvertFinding } from '../errors.ts'
import { type JavaClass, type JavaMethod, lineOf, signatureKey } from './program.ts'
import type { Rigour } from './step.ts'

/** Where a finding is: a class, perhaps a method, perhaps an instruction of it. */
export interface FindingPlace {
  readonly class: JavaClass
  readonly method?: JavaMethod
  readonly pc?: number
}

/** Collects everything that is wrong, so that a programmer sees it all at once. */
export class Findings {
  readonly #errors: ConvertFinding[] = []
  readonly #warnings: ConvertFinding[] = []
  readonly #seen = new Set<string>()

  get isEmpty(): boolean {
    return this.#errors.length === 0
  }

  add(place: FindingPlace, message: string, advice: string, rigour: Rigour = 'error'): void {
    const { class: owner, method, pc } = place
    const line = method?.code && pc !== undefined ? lineOf(method.code, pc) : undefined
    const finding = {
      ...(owner.sourceFile !== undefined && { file: owner.sourceFile }),
      ...(line !== undefined && { line }),
      className: dotted(owner.name),
      ...(method && { method: signatureKey(method) }),
      message,
      advice,
    }
    this.addFinding(finding, rigour)
  }

  /** One line that breaks one rule many times is one finding. */
  addFinding(finding: ConvertFinding, rigour: Rigour = 'error'): void {
    const key = JSON.stringify([finding.className, finding.method, finding.line, finding.message])
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (rigour === 'error') this.#errors.push(finding)
    else this.#warnings.push(finding)
  }

  get warnings(): readonly ConvertFinding[] {
    return this.#warnings
  }

  throwIfAny(): void {
    if (!this.isEmpty) throw new ConvertError(this.#errors)
  }
}

export function dotted(internalName: string): string {
  return internalName.replaceAll('/', '.')
}
