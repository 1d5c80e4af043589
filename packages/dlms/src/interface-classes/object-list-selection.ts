import type { SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { logicalNameBytes, logicalNameText } from '../cosem/obis-code.ts'

/** An object by its class and name. */
export interface ObjectId {
  readonly classId: number
  readonly logicalName: string
}

/** Selector 2 of an object list: the objects of these classes. @source Blue Book ed. 14 §4.4.4, class_list */
export const selectClasses = (classIds: readonly number[]): SelectiveAccess => ({
  selector: 2,
  parameters: cosem.array(classIds.map((classId) => cosem.longUnsigned(classId))),
})

/** Selector 3 of an object list: these objects, of those that are there. @source Blue Book ed. 14 §4.4.4, object_id_list */
export const selectObjects = (ids: readonly ObjectId[]): SelectiveAccess => ({
  selector: 3,
  parameters: cosem.array(
    ids.map(({ classId, logicalName }) =>
      cosem.structure(cosem.longUnsigned(classId), cosem.octetString(logicalNameBytes(logicalName))),
    ),
  ),
})

/** Which objects a selection asks for; undefined for one that is none. */
export function objectFilterOf({ selector, parameters }: SelectiveAccess): ((id: ObjectId) => boolean) | undefined {
  switch (selector) {
    case 1:
      return parameters.type === 'null-data' ? () => true : undefined
    case 2: {
      if (parameters.type !== 'array') return undefined
      const classIds = new Set(parameters.value.map((one) => (one.type === 'long-unsigned' ? one.value : undefined)))
      return classIds.has(undefined) ? undefined : ({ classId }) => classIds.has(classId)
    }
    case 3:
      return parameters.type === 'array' ? amongOf(parameters.value) : undefined
    case 4:
      return amongOf([parameters])
    default:
      return undefined
  }
}

function amongOf(list: readonly CosemData[]): ((id: ObjectId) => boolean) | undefined {
  const wanted = new Set<string | undefined>(list.map(keyOf))
  return wanted.has(undefined) ? undefined : ({ classId, logicalName }) => wanted.has(`${classId}/${logicalName}`)
}

function keyOf(data: CosemData): string | undefined {
  const [classId, name] = data.type === 'structure' && data.value.length === 2 ? data.value : []
  if (classId?.type !== 'long-unsigned' || name?.type !== 'octet-string' || name.value.length !== 6) return undefined
  return `${classId.value}/${logicalNameText(name.value)}`
}
