import {
  type AttributeRef,
  classDefinitions,
  type InterfaceClass,
  interfaceClasses,
  logicalNameBytes,
  logicalNameText,
  type MethodRef,
} from '@gridcard/dlms'
import { LauncherError } from '../errors.ts'

/** Those that this server builds in their versions, of all others the newest. */
const built = Object.values<InterfaceClass>(interfaceClasses)
const knownClasses: readonly InterfaceClass[] = [
  ...built,
  ...classDefinitions.toReversed().filter(({ classId }) => built.every((known) => known.classId !== classId)),
]

/** What is known of a class number; undefined for classes without a table. */
export function classOf(classId: number): InterfaceClass | undefined {
  return knownClasses.find((known) => known.classId === classId)
}

/** `Profile generic`, or `class 20`. */
export const className = (classId: number): string => classOf(classId)?.name ?? `class ${classId}`

/** `Profile generic` and `scaler_unit` as they are typed: `profile-generic`, `scaler-unit`. */
export const spelled = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-')

/** `register/1.0.1.8.0.255/value`, with numbers where no name is known. */
export function attributeText({ classId, logicalName, attributeIndex }: AttributeRef): string {
  const known = classOf(classId)
  return [known ? spelled(known.name) : classId, logicalName, nameAt(known?.attributes, attributeIndex)].join('/')
}

export function methodText({ classId, logicalName, methodIndex }: MethodRef): string {
  const known = classOf(classId)
  return [known ? spelled(known.name) : classId, logicalName, nameAt(known?.methods, methodIndex)].join('/')
}

const nameAt = (names: readonly string[] | undefined, index: number): string => {
  const name = names?.[index - 1]
  return name === undefined ? String(index) : spelled(name)
}

/**
 * `CLASS/LOGICALNAME/ATTRIBUTE`, class and attribute as number or name. Without the attribute: all of a known class.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`
 */
export function parseAttributes(text: string): AttributeRef[] {
  const { known, classId, logicalName, member } = parseReference(text, 'ATTRIBUTE')
  if (member === undefined) {
    if (known === undefined) throw bad(`"${text}": class ${classId} is not known here, name the attribute`)
    return known.attributes.map((_name, i) => ({ classId, logicalName, attributeIndex: i + 1 }))
  }
  return [{ classId, logicalName, attributeIndex: indexOf(text, member, known, known?.attributes, 'attribute') }]
}

/** One attribute. @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseAttribute(text: string): AttributeRef {
  const { known, classId, logicalName, member } = parseReference(text, 'ATTRIBUTE')
  if (member === undefined) throw bad(`"${text}" lacks the attribute: CLASS/LOGICALNAME/ATTRIBUTE`)
  return { classId, logicalName, attributeIndex: indexOf(text, member, known, known?.attributes, 'attribute') }
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseMethod(text: string): MethodRef {
  const { known, classId, logicalName, member } = parseReference(text, 'METHOD')
  if (member === undefined) throw bad(`"${text}" lacks the method: CLASS/LOGICALNAME/METHOD`)
  return { classId, logicalName, methodIndex: indexOf(text, member, known, known?.methods, 'method') }
}

/** Six groups, also written `1-0:1.8.0*255`. @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseLogicalName(text: string): string {
  try {
    return logicalNameText(logicalNameBytes(text))
  } catch {
    throw bad(`"${text}" is not a logical name: six numbers from 0 to 255, as 1.0.1.8.0.255`)
  }
}

function parseReference(text: string, memberName: string) {
  const parts = text.split('/')
  const [classText, name, member] = parts
  if (parts.length < 2 || parts.length > 3 || !classText || !name || member === '') {
    throw bad(`"${text}" is not CLASS/LOGICALNAME/${memberName}, as register/1.0.1.8.0.255/value or 3/1.0.1.8.0.255/2`)
  }
  const known = /^\d+$/.test(classText) ? classOf(Number(classText)) : classNamed(classText)
  const classId = known?.classId ?? Number(classText)
  if (!Number.isInteger(classId) || classId > 0xffff) {
    throw bad(`"${classText}" is no class: a number, or one of ${[...classNames()].join(', ')}`)
  }
  return { known, classId, logicalName: parseLogicalName(name), member }
}

const classNames = (): Set<string> => new Set(knownClasses.map(({ name }) => spelled(name)))

const classNamed = (text: string): InterfaceClass | undefined =>
  knownClasses.find(({ name }) => spelled(name) === spelled(text))

function indexOf(
  text: string,
  member: string,
  known: InterfaceClass | undefined,
  names: readonly string[] | undefined,
  what: string,
): number {
  if (/^-?\d+$/.test(member)) {
    const index = Number(member)
    if (index >= -128 && index <= 127) return index
    throw bad(`"${text}": the ${what} is a number from -128 to 127`)
  }
  const at = (names ?? []).findIndex((name) => spelled(name) === spelled(member))
  if (at >= 0) return at + 1
  const hint = known === undefined ? 'a number' : `1 to ${names!.length}, or one of ${names!.map(spelled).join(', ')}`
  throw bad(`"${text}": the ${what} is ${hint}`)
}

const bad = (message: string) => new LauncherError('GRIDCARD_BAD_OPTION', message)
