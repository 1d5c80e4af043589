import { ConvertError, type ConvertFinding } from '../errors.ts'
import { MISSING_FEATURES, type MissingFeatureName, WHOLE_LINES } from './java-subset.ts'
import { firstLineOf, type JavaClass, type JavaField, type JavaMethod, lineOf, signatureKey } from './program.ts'
import type { Rigour } from './step.ts'

/** Where a finding is: a class, perhaps a field or a method, perhaps an instruction of it. */
export interface FindingPlace {
  readonly class: JavaClass
  readonly field?: JavaField
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
    this.addFinding({ ...placeOf(place), message, advice }, rigour)
  }

  /** Something that the Java Card language leaves out; one line that uses it many times is one finding. */
  addMissing(place: FindingPlace, feature: MissingFeatureName, message: string, rigour: Rigour = 'error'): void {
    const { advice } = MISSING_FEATURES[feature]
    this.addFinding({ ...placeOf(place), message: WHOLE_LINES[feature] ?? message, advice, feature }, rigour)
  }

  /** One line that breaks one rule many times is one finding. */
  addFinding(finding: ConvertFinding, rigour: Rigour = 'error'): void {
    const { className, method, line, message, feature } = finding
    const isPlaced = line !== undefined && feature !== undefined
    const key = JSON.stringify(isPlaced ? [className, line, feature] : [className, method, line, message])
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (rigour === 'error') this.#errors.push(finding)
    else this.#warnings.push(finding)
  }

  get warnings(): readonly ConvertFinding[] {
    return this.#warnings
  }

  throwIfAny(): void {
    if (!this.isEmpty) throw new ConvertError(withoutConsequences(this.#errors).toSorted(compareLines))
  }
}

function placeOf(place: FindingPlace): Pick<ConvertFinding, 'file' | 'line' | 'className' | 'method'> {
  const { class: owner, method } = place
  const line = lineOfPlace(place)
  return {
    ...(owner.sourceFile !== undefined && { file: owner.sourceFile }),
    ...(line !== undefined && { line }),
    className: dotted(owner.name),
    ...(method && { method: signatureKey(method) }),
  }
}

/** Class files have lines only where there is code: of a field it is where it gets its first value, else where the class begins. */
function lineOfPlace({ class: owner, field, method, pc }: FindingPlace): number | undefined {
  const inMethod = method?.code && pc !== undefined ? lineOf(method.code, pc) : undefined
  return inMethod ?? (field && lineOfFirstValue(owner, field)) ?? firstLineOf(owner)
}

function lineOfFirstValue(owner: JavaClass, field: JavaField): number | undefined {
  for (const { name, code } of owner.methods) {
    if (!name.startsWith('<')) continue
    const store = code?.instructions.find(
      (one) => one.kind === 'putField' && one.member.owner === owner.name && one.member.name === field.name,
    )
    if (store) return lineOf(code!, store.pc)
  }
  return undefined
}

/** Leaves out what only follows from a feature that is a finding of the same line. */
function withoutConsequences(findings: readonly ConvertFinding[]): readonly ConvertFinding[] {
  const isWhole = ({ feature }: ConvertFinding): boolean => feature !== undefined && feature in WHOLE_LINES
  const place = ({ className, line }: ConvertFinding): string => `${className} ${line}`
  const whole = new Set(findings.filter((one) => isWhole(one) && one.line !== undefined).map(place))
  return findings.filter((one) => isWhole(one) || !whole.has(place(one)))
}

/** By file and line, where both are known. */
function compareLines(a: ConvertFinding, b: ConvertFinding): number {
  if (a.file === undefined || b.file === undefined) return 0
  if (a.file !== b.file) return a.file < b.file ? -1 : 1
  return (a.line ?? 0) - (b.line ?? 0)
}

export function dotted(internalName: string): string {
  return internalName.replaceAll('/', '.')
}
