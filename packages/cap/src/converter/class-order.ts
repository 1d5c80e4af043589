import type { JavaClass } from './program.ts'

/**
 * Superclasses and superinterfaces before what extends them, otherwise by name: the order in which class files were
 * given does not show in the CAP file. A class given twice counts once.
 */
export function orderClasses(classes: readonly JavaClass[]): JavaClass[] {
  const byName = new Map(classes.map((one) => [one.name, one]))
  const ordered = new Set<JavaClass>()
  const visiting = new Set<string>()
  const visit = (name: string): void => {
    const one = byName.get(name)
    if (!one || ordered.has(one) || visiting.has(name)) return
    visiting.add(name)
    for (const above of [one.superName ?? '', ...one.interfaceNames]) visit(above)
    ordered.add(one)
  }
  for (const name of [...byName.keys()].sort()) visit(name)
  return [...ordered]
}
