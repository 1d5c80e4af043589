import { toHex } from '@gridcard/bytes'
import type { ApiClass, ApiMethod, ApiPackage, MethodSpace } from '../api/api-package.ts'

export interface NamedClass {
  readonly package: ApiPackage
  readonly class: ApiClass
}

/** Names and tokens of known packages, both ways; only names that lead back to the same token are given. */
export class ApiNames {
  readonly #byAid = new Map<string, ApiPackage>()
  readonly #byPackageName = new Map<string, ApiPackage>()
  readonly #byClassName = new Map<string, NamedClass>()

  /** When a package is there in several versions, the last one counts. */
  constructor(packages: readonly ApiPackage[]) {
    for (const one of packages) {
      this.#byAid.set(one.aid, one)
      this.#byPackageName.set(one.name, one)
      for (const apiClass of one.classes) this.#byClassName.set(apiClass.name, { package: one, class: apiClass })
    }
  }

  packageOf(aid: Uint8Array): ApiPackage | undefined {
    return this.#byAid.get(toHex(aid))
  }

  /** @param name dotted */
  packageNamed(name: string): ApiPackage | undefined {
    return this.#byPackageName.get(name)
  }

  classOf(aid: Uint8Array, classToken: number): ApiClass | undefined {
    return this.packageOf(aid)?.classes.find((one) => one.token === classToken)
  }

  /** @param name internal form */
  classNamed(name: string): NamedClass | undefined {
    return this.#byClassName.get(name)
  }
}

/** `getBuffer()[B`; undefined when the token has no name. */
export function methodName(apiClass: ApiClass, space: MethodSpace, token: number): string | undefined {
  const method = apiClass.methods.find((one) => one.space === space && one.token === token)
  const name = method && method.name + method.desc
  return name !== undefined && methodNamed(apiClass, space, name)?.token === token ? name : undefined
}

export function methodNamed(apiClass: ApiClass, space: MethodSpace, name: string): ApiMethod | undefined {
  return apiClass.methods.find((one) => one.space === space && one.name + one.desc === name)
}

const CONSTANT_FIELD = 255

export function fieldName(apiClass: ApiClass, token: number): string | undefined {
  return token === CONSTANT_FIELD ? undefined : apiClass.fields.find((one) => one.token === token)?.name
}

export function fieldTokenNamed(apiClass: ApiClass, name: string): number | undefined {
  const token = apiClass.fields.find((one) => one.name === name)?.token
  return token === CONSTANT_FIELD ? undefined : token
}
