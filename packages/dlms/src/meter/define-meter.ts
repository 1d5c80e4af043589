import type { AttributeRef } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import { DlmsError } from '../errors.ts'
import { type AttributeHandler, buildObject, type MethodHandler } from '../interface-classes/build-object.ts'
import {
  type AccessRefusal,
  type ActionOutcome,
  type Caller,
  type CosemObject,
  isAccessRefusal,
} from '../interface-classes/cosem-object.ts'
import { mismatchOf } from '../interface-classes/definitions/attribute-type.ts'
import {
  type ClassDefinition,
  findClassByName,
  findClassDefinition,
} from '../interface-classes/definitions/class-definitions.ts'
import { collected, isStreamedArray } from '../interface-classes/streamed-array.ts'
import { behaviours } from './behaviours/behaviours.ts'
import { type ClassBehaviour, type MeterContext, type MeterPorts, refused } from './meter-context.ts'
import { MeterObject, type ObjectDescription } from './meter-object.ts'

/** A meter from its description: objects for a `DlmsServer`, and the meter's own hand on them. */
export interface DefinedMeter {
  readonly objects: readonly CosemObject[]
  /** An object, by class id and name or by name alone, to read and keep its values. */
  find(logicalName: string, classId?: number): MeterObject | undefined
  /** As the meter itself: no access rights are looked at. */
  read(ref: AttributeRef): Promise<CosemData | AccessRefusal>
  write(ref: AttributeRef, value: CosemData): Promise<AccessRefusal | undefined>
  invoke(classId: number, logicalName: string, methodIndex: number, parameter: CosemData): Promise<ActionOutcome>
  /** What time makes happen: schedules, limits, monitors, calendars. To be called every second or so. */
  tick(): Promise<void>
}

/**
 * Describes a meter in the Blue Book's own names.
 *
 * @param description.objects descriptions, and objects that were built otherwise (clocks, profiles, associations)
 * @throws DlmsError `DLMS_CONFIGURATION`: an unknown class or name, a value of another type, an object that is there twice
 */
export function defineMeter(description: {
  readonly ports: MeterPorts
  readonly objects: readonly (ObjectDescription | CosemObject)[]
}): DefinedMeter {
  const { ports } = description
  const kept: MeterObject[] = []
  const objects: CosemObject[] = []
  const byName = new Map<string, CosemObject>()
  const context: MeterContext = {
    ...ports,
    find: (classId, logicalName) =>
      kept.find(
        (one) => one.logicalName === logicalName && (classId === undefined || one.definition.classId === classId),
      ),
    read: (ref) => readLocally(byName, ref),
    write: (ref, value) => writeLocally(byName, kept, ref, value),
    invoke: (classId, logicalName, index, parameter) => invokeLocally(byName, classId, logicalName, index, parameter),
    execute: (scriptTable, selector) => invokeLocally(byName, 9, scriptTable, 1, cosem.longUnsigned(selector)),
  }
  for (const one of description.objects) {
    const object = 'class' in one ? served(keep(kept, one), context) : one
    if (byName.has(object.logicalName)) fail(`${object.logicalName} is there twice`)
    byName.set(object.logicalName, object)
    objects.push(object)
  }
  let ticking: Promise<void> = Promise.resolve()
  return {
    objects,
    find: (logicalName, classId) => context.find(classId, logicalName),
    read: context.read,
    write: context.write,
    invoke: context.invoke,
    tick: () => {
      const run = async () => {
        for (const one of kept) await behaviours.get(one.definition.classId)?.tick?.(one, context)
      }
      ticking = ticking.then(run, run)
      return ticking
    },
  }
}

function fail(problem: string): never {
  throw new DlmsError('DLMS_CONFIGURATION', problem)
}

function keep(kept: MeterObject[], description: ObjectDescription): MeterObject {
  const { class: wanted, version, logicalName } = description
  const definition =
    typeof wanted === 'number' ? findClassDefinition(wanted, version) : findClassByName(wanted, version)
  if (definition === undefined) {
    fail(`${logicalName}: no class ${wanted}${version === undefined ? '' : ` version ${version}`} is known`)
  }
  logicalNameBytes(logicalName)
  const attributes = { ...behaviours.get(definition.classId)?.initial, ...description.attributes }
  const object = new MeterObject({ ...description, attributes }, definition)
  kept.push(object)
  return object
}

function served(object: MeterObject, meter: MeterContext): CosemObject {
  const { definition } = object
  const behaviour = behaviours.get(definition.classId) ?? {}
  const attributes: Record<number, AttributeHandler> = {}
  for (const [i, { name }] of definition.attributeTypes.entries()) {
    if (i === 0) continue
    const write = object.writable.has(name) ? writer(object, behaviour, name) : undefined
    attributes[i + 1] = { ...reader(object, behaviour, name), ...(write && { write }) }
  }
  const methods: Record<number, MethodHandler | undefined> = {}
  for (const [i, { name }] of definition.methodTypes.entries()) {
    methods[i + 1] = method(object, definition, behaviour, meter, name)
  }
  return buildObject({ interfaceClass: definition, logicalName: object.logicalName, attributes, methods })
}

function reader(object: MeterObject, behaviour: ClassBehaviour, name: string): AttributeHandler {
  const select = behaviour.selective?.[name]
  if (select === undefined) return { read: (caller) => object.read(name, caller) }
  return {
    isSelective: true,
    read: async (caller, selection) => {
      const value = await object.read(name, caller)
      return selection === undefined || isAccessRefusal(value) ? value : select(object, value, selection)
    },
  }
}

function writer(object: MeterObject, behaviour: ClassBehaviour, name: string): NonNullable<AttributeHandler['write']> {
  return (value) => {
    if (object.mismatch(name, value) !== undefined) return { refused: 'type-unmatched' }
    const refusal = behaviour.judgeWrite?.(object, name, value)
    if (refusal !== undefined) return refusal
    object.keep(name, value)
    behaviour.written?.(object, name)
    return undefined
  }
}

/** The maker's method in the place of the class's own; a parameter of another type is refused before either. */
function method(
  object: MeterObject,
  definition: ClassDefinition,
  behaviour: ClassBehaviour,
  meter: MeterContext,
  name: string,
): MethodHandler | undefined {
  const own = object.methods[name]
  const usual = behaviour.methods?.[name]
  if (own === undefined && usual === undefined) return undefined
  const { type } = definition.methodTypes.find((one) => one.name === name)!
  return async (parameter, caller) => {
    // An integer (0) that says nothing may be left out.
    const given = parameter ?? cosem.integer(0)
    if (mismatchOf(type, given) !== undefined) return refused('type-unmatched')
    return own === undefined ? usual!(object, given, meter) : own(parameter, caller)
  }
}

// ---- the meter's own way to its objects: nobody's rights are asked

const itself = undefined as unknown as Caller // handlers of objects built otherwise may not use it; ours take undefined

function found(
  byName: ReadonlyMap<string, CosemObject>,
  classId: number,
  logicalName: string,
): CosemObject | undefined {
  const object = byName.get(logicalName)
  return object?.classId === classId ? object : undefined
}

async function readLocally(
  byName: ReadonlyMap<string, CosemObject>,
  ref: AttributeRef,
): Promise<CosemData | AccessRefusal> {
  const object = found(byName, ref.classId, ref.logicalName)
  if (object === undefined) return { refused: 'object-undefined' }
  const answer = await object.read(ref.attributeIndex, undefined, itself)
  return isStreamedArray(answer) ? collected(answer) : answer
}

async function writeLocally(
  byName: ReadonlyMap<string, CosemObject>,
  kept: readonly MeterObject[],
  ref: AttributeRef,
  value: CosemData,
): Promise<AccessRefusal | undefined> {
  const object = kept.find((one) => one.logicalName === ref.logicalName && one.definition.classId === ref.classId)
  if (object === undefined) {
    const other = found(byName, ref.classId, ref.logicalName)
    return other?.write === undefined ? { refused: 'object-undefined' } : other.write(ref.attributeIndex, value, itself)
  }
  const name = object.definition.attributes[ref.attributeIndex - 1]
  if (name === undefined || ref.attributeIndex === 1) return { refused: 'read-write-denied' }
  return writer(object, behaviours.get(object.definition.classId) ?? {}, name)(value, itself)
}

async function invokeLocally(
  byName: ReadonlyMap<string, CosemObject>,
  classId: number,
  logicalName: string,
  index: number,
  parameter: CosemData,
): Promise<ActionOutcome> {
  const object = found(byName, classId, logicalName)
  if (object?.invoke === undefined) return refused('object-undefined')
  return object.invoke(index, parameter, itself)
}
