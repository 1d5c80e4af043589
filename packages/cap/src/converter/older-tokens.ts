import { API_FLAGS, type ApiClass, type ApiPackage } from '../api/api-package.ts'
import type { Findings } from './findings.ts'
import { dotted } from './findings.ts'
import type { JavaClass, JavaField, JavaMethod } from './program.ts'

/**
 * Keeps the tokens of an earlier version of a package, as its export file tells them: what was there is numbered first
 * and in the old order, what is new behind it, so that packages converted against the earlier version go on to work.
 *
 * @source JCVM 3.1 §4.5.2
 */
export class OlderTokens {
  readonly #older: ApiPackage
  readonly #classes: ReadonlyMap<string, ApiClass>

  constructor(older: ApiPackage) {
    this.#older = older
    this.#classes = new Map(older.classes.map((one) => [one.name, one]))
  }

  /** Tokens follow the order of members in the class, so the order is changed before anything is numbered. */
  reorder(one: JavaClass): JavaClass {
    const older = this.#classes.get(one.name)
    if (!older) return one
    const ofField = (field: JavaField): number => older.fields.find((f) => f.name === field.name)?.token ?? UNKNOWN
    const ofMethod = (method: JavaMethod): number =>
      older.methods.find((m) => m.name === method.name && m.desc === method.descriptor)?.token ?? UNKNOWN
    return {
      ...one,
      fields: one.fields.toSorted((a, b) => ofField(a) - ofField(b)),
      methods: one.methods.toSorted((a, b) => ofMethod(a) - ofMethod(b)),
    }
  }

  compareClasses(a: JavaClass, b: JavaClass): number {
    return (this.#classes.get(a.name)?.token ?? UNKNOWN) - (this.#classes.get(b.name)?.token ?? UNKNOWN)
  }

  /** What packages converted against the earlier version would no longer find. */
  check(current: ApiPackage, findings: Findings): void {
    const { version, aid } = this.#older
    const report = (className: string, message: string, method?: string): void =>
      findings.addFinding({
        className: dotted(className),
        ...(method !== undefined && { method }),
        message: `${message} since version ${version}`,
        advice: 'put it back as it was, or begin a new major version without the older export file',
      })
    if (aid !== current.aid) report(current.name, `the package AID changed from ${aid}`)
    for (const old of this.#older.classes) {
      const now = current.classes.find((one) => one.name === old.name)
      if (now?.token === old.token) checkMembers(old, now, (message, method) => report(old.name, message, method))
      else report(old.name, now ? `got token ${now.token} instead of ${old.token}` : 'is no longer there for others')
    }
  }
}

const UNKNOWN = 0x100

/** Changes of these make code fail that was right before. */
const FIXED_FLAGS = API_FLAGS.STATIC | API_FLAGS.INTERFACE

function checkMembers(old: ApiClass, now: ApiClass, report: (message: string, method?: string) => void): void {
  for (const method of old.methods) {
    const found = now.methods.find((one) => one.name === method.name && one.desc === method.desc)
    const text = method.name + method.desc
    if (!found) report('is no longer there for others', text)
    else if (found.token !== method.token || found.space !== method.space) {
      report(`is ${found.space} method ${found.token} instead of ${method.space} method ${method.token}`, text)
    } else if ((found.flags ^ method.flags) & FIXED_FLAGS) report('is no longer what it was', text)
  }
  for (const field of old.fields) {
    const found = now.fields.find((one) => one.name === field.name && one.desc === field.desc)
    if (!found) report(`field ${field.name} is no longer there for others`)
    else if (found.token !== field.token)
      report(`field ${field.name} got token ${found.token} instead of ${field.token}`)
  }
  const isInterface = (old.access_flags & API_FLAGS.INTERFACE) !== 0
  const methodsOf = (one: ApiClass): number => one.methods.filter(({ space }) => space === 'interface').length
  if (isInterface && methodsOf(now) > methodsOf(old)) report('has more methods than classes elsewhere implement')
}
