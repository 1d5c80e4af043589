import { toHex } from '@gridcard/bytes'
import type { ApiClass } from '../api/api-package.ts'
import type { CapFile, ClassInfo } from '../capfile/cap-file.ts'
import { methodName } from './api-names.ts'
import type { LabelledPackage } from './labelled-package.ts'

/** For readers only: what each method is for its package, by offset in Method. */
export function methodRoles(labelled: LabelledPackage): Map<number, string[]> {
  const { cap, words } = labelled
  const roles = new Map<number, string[]>()
  const add = (offset: number, role: string) => {
    const known = roles.get(offset)
    if (known) known.push(role)
    else roles.set(offset, [role])
  }
  for (const one of cap.applet?.applets ?? []) add(one.installMethodOffset, `install of ${toHex(one.aid)}`)
  for (const one of cap.classes.classes) {
    const label = words.classWord({ kind: 'internal', classOffset: one.offset })
    const parent = apiParent(one, labelled)
    one.publicMethodTable.forEach((offset, i) => {
      const token = one.publicMethodTableBase + i
      add(offset, `${label}.${(parent && methodName(parent, 'virtual', token)) ?? token}`)
    })
    one.packageMethodTable.forEach((offset, i) => {
      add(offset, `${label}.${0x80 | (one.packageMethodTableBase + i)} (package)`)
    })
  }
  for (const { classOffset, staticMethodOffsets } of cap.export?.classes ?? []) {
    const label = words.classWord({ kind: 'internal', classOffset })
    staticMethodOffsets.forEach((offset, token) => {
      add(offset, `${label} static ${token}`)
    })
  }
  return roles
}

/** The nearest superclass outside the package, which gives inherited tokens their names. */
function apiParent(one: ClassInfo, { cap, words }: LabelledPackage): ApiClass | undefined {
  let current: ClassInfo | undefined = one
  while (current?.superClass?.kind === 'internal') current = superOf(current, cap)
  return current?.superClass && words.apiClass(current.superClass)
}

/** Superclasses stand before their subclasses, so walking up ends. */
function superOf({ superClass }: ClassInfo, cap: CapFile): ClassInfo | undefined {
  if (superClass?.kind !== 'internal') return undefined
  return cap.classes.classes.find((other) => other.offset === superClass.classOffset)
}
