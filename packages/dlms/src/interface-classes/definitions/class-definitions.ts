import { DlmsError } from '../../errors.ts'
import type { InterfaceClass } from '../interface-class-table.ts'
import { accessClasses } from './access-classes.ts'
import { type AttributeType, attributeType } from './attribute-type.ts'
import { communicationClasses } from './communication-classes.ts'
import { meteringClasses } from './metering-classes.ts'
import { timeClasses } from './time-classes.ts'

export interface TypedItem {
  readonly name: string
  readonly type: AttributeType
  /** As the definition writes it. */
  readonly typeText: string
}

/** An interface class with the types of its attributes and method parameters; attribute 1 is always the logical name. */
export interface ClassDefinition extends InterfaceClass {
  /** In index order: attribute 1 first, method 1 first. */
  readonly attributeTypes: readonly TypedItem[]
  readonly methodTypes: readonly TypedItem[]
}

function parseDefinitions(text: string): ClassDefinition[] {
  return text
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const [head, ...lines] = block.split('\n')
      const [, classId, version, name] = /^(\d+) (\d+) (.+)$/.exec(head!) ?? fail(head!)
      const items = lines.map((line) => /^ {2}(\* )?(\S+) (.+)$/.exec(line) ?? fail(line))
      const typed = (isMethod: boolean): TypedItem[] =>
        items
          .filter(([, star]) => (star !== undefined) === isMethod)
          .map(([, , item, typeText]) => ({ name: item!, type: attributeType(typeText!), typeText: typeText! }))
      const logicalName = { name: 'logical_name', type: attributeType('logical-name'), typeText: 'logical-name' }
      const attributeTypes = [logicalName, ...typed(false)]
      const methodTypes = typed(true)
      return {
        classId: Number(classId),
        version: Number(version),
        name: name!,
        attributes: attributeTypes.map((one) => one.name),
        methods: methodTypes.map((one) => one.name),
        attributeTypes,
        methodTypes,
      }
    })
}

function fail(line: string): never {
  throw new DlmsError('DLMS_CONFIGURATION', `no line of a class definition: ${line}`)
}

/** Every interface class that is known here, by class id and version. */
export const classDefinitions: readonly ClassDefinition[] = [
  meteringClasses,
  timeClasses,
  accessClasses,
  communicationClasses,
]
  .flatMap(parseDefinitions)
  .sort((a, b) => a.classId - b.classId || a.version - b.version)

/** The definition of that version, without one the newest. */
export function findClassDefinition(classId: number, version?: number): ClassDefinition | undefined {
  const versions = classDefinitions.filter((one) => one.classId === classId)
  return version === undefined ? versions.at(-1) : versions.find((one) => one.version === version)
}

/** By the standard's name, `Register monitor`; capitals and spaces do not matter. */
export function findClassByName(name: string, version?: number): ClassDefinition | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const classId = classDefinitions.find((one) => plain(one.name) === plain(name))?.classId
  return classId === undefined ? undefined : findClassDefinition(classId, version)
}
