import { assert } from '@gridcard/bytes'
import { apiPackages } from '@gridcard/cap'
import type { Jcre } from '../runtime/jcre.ts'
import { JAVA_THROW, VM_HALT } from '../vm/machine.ts'
import { OWNER_MASK } from '../vm/memory/handle-entry.ts'

const tokens = new Map<string, number>()

/** @param method `Interface.name(descriptor)`, the interface in internal form */
function tokenOf(interfaceName: string, signature: string): number {
  const key = `${interfaceName}.${signature}`
  let token = tokens.get(key)
  if (token === undefined) {
    const declared = apiPackages('3.2.0')
      .flatMap((one) => one.classes)
      .find((one) => one.name === interfaceName)
    token = declared?.methods.find((one) => one.name + one.desc === signature)?.token
    assert(token !== undefined, `${key} is in the API tables`)
    tokens.set(key, token)
  }
  return token
}

/**
 * From a native method: calls a method that an applet implements. The object is one of the caller's own, which is for the
 * native method to have checked. What it throws ends the native method.
 *
 * @param args as words
 * @returns the result word, sign-extended
 */
export function callInterface(
  jcre: Jcre,
  object: number,
  method: { readonly interfaceName: string; readonly signature: string },
  args: readonly number[] = [],
): number {
  const { machine, memory } = jcre
  const interfaceClass = jcre.requireClass(method.interfaceName)
  const found = machine.classOf(object).interfaceMethods(interfaceClass)[
    tokenOf(method.interfaceName, method.signature)
  ]
  assert(found !== undefined, `an object of ${method.interfaceName} has ${method.signature}`)
  const owner = (memory.word0(object) >>> 24) & OWNER_MASK
  const result = jcre.engine.invoke(machine, found, owner, [object, ...args])
  if (machine.halted !== undefined) throw VM_HALT
  if (machine.thrown !== 0) throw JAVA_THROW
  return result
}
