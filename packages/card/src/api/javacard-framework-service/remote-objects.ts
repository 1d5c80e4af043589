import type { Jcre } from '../../runtime/jcre.ts'
import { NO_OWNER, OWNER_MASK } from '../../vm/memory/handle-entry.ts'
import {
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  lengthOf,
  newReferenceArray,
  putHiddenShort,
  requireOwnObject,
  requireWritten,
} from '../native-call.ts'
import { inOneStep } from '../one-step.ts'

/**
 * javacard.framework.service.CardRemoteObject. One of its objects knows itself whether it is exported; other remote
 * objects are in a list that their applet object has, which keeps them alive.
 */
export const CARD_REMOTE_OBJECT_HIDDEN_BYTES = 2
const IS_EXPORTED = 0
/** Of class Applet: an array of what is exported, or null. */
const EXPORTS = 0

const REMOTE = 'java/rmi/Remote'
const CARD_REMOTE_OBJECT = 'javacard/framework/service/CardRemoteObject'
const FIRST_CAPACITY = 16
const NO_RESOURCE = 5

/** The applet object of an owner; while it is being installed it is known by its class alone. */
function appletOf(jcre: Jcre, owner: number): number {
  const registered = jcre.registry.ownedBy(owner)
  if (registered) return registered.applet
  const { memory, machine } = jcre
  const applet = jcre.requireClass('javacard/framework/Applet')
  for (let handle = memory.root.handleCount - 1; handle > 0; handle--) {
    const isOwned = ((memory.word0(handle) >>> 24) & OWNER_MASK) === owner && owner !== NO_OWNER
    if (isOwned && !machine.isArray(handle) && machine.classOf(handle).isKindOf(applet)) return handle
  }
  return 0
}

function isKindOf(jcre: Jcre, object: number, className: string): boolean {
  return jcre.machine.classOf(object).isKindOf(jcre.requireClass(className))
}

function exportsOf(jcre: Jcre, applet: number): { array: number; objects: number[] } {
  const array = applet === 0 ? 0 : hiddenHandle(jcre, applet, EXPORTS)
  if (array === 0) return { array, objects: [] }
  const first = jcre.memory.addressOf(array) >> 1
  return {
    array,
    objects: Array.from({ length: lengthOf(jcre, array) }, (_, i) => jcre.memory.i16[first + i]! & 0xffff),
  }
}

export function isExported(jcre: Jcre, object: number): boolean {
  if (isKindOf(jcre, object, CARD_REMOTE_OBJECT)) return hiddenShort(jcre, object, IS_EXPORTED) !== 0
  const owner = (jcre.memory.word0(object) >>> 24) & OWNER_MASK
  return exportsOf(jcre, appletOf(jcre, owner)).objects.includes(object)
}

function remoteArgument(jcre: Jcre, at: number): number {
  const object = handleAt(jcre, at)
  requireOwnObject(jcre, object, REMOTE)
  return object
}

function put(jcre: Jcre, array: number, index: number, object: number): void {
  requireWritten(jcre, jcre.memory.putShort(jcre.memory.addressOf(array) + 2 * index, object))
}

function addExport(jcre: Jcre, applet: number, object: number): void {
  const { array, objects } = exportsOf(jcre, applet)
  if (objects.includes(object)) return
  const free = objects.indexOf(0)
  if (free >= 0) {
    put(jcre, array, free, object)
    return
  }
  inOneStep(jcre, () => {
    const larger = newReferenceArray(jcre, objects.length + FIRST_CAPACITY)
    for (const [i, one] of objects.entries()) put(jcre, larger, i, one)
    put(jcre, larger, objects.length, object)
    putHiddenShort(jcre, applet, EXPORTS, larger)
  })
}

const exportObject: JcreMethod = (jcre, at) => {
  const object = remoteArgument(jcre, at)
  if (isKindOf(jcre, object, CARD_REMOTE_OBJECT)) putHiddenShort(jcre, object, IS_EXPORTED, 1)
  else {
    const applet = appletOf(jcre, jcre.machine.owner)
    if (applet === 0) jcre.machine.throwNew('javacard/framework/SystemException', NO_RESOURCE)
    addExport(jcre, applet, object)
  }
  return 0
}

const unexportObject: JcreMethod = (jcre, at) => {
  const object = remoteArgument(jcre, at)
  if (isKindOf(jcre, object, CARD_REMOTE_OBJECT)) putHiddenShort(jcre, object, IS_EXPORTED, 0)
  else {
    const { array, objects } = exportsOf(jcre, appletOf(jcre, jcre.machine.owner))
    const index = objects.indexOf(object)
    if (index >= 0) put(jcre, array, index, 0)
  }
  return 0
}

export const cardRemoteObjectMethods: Readonly<Record<string, JcreMethod>> = {
  'CardRemoteObject.<init>()V': (jcre, at) => {
    putHiddenShort(jcre, handleAt(jcre, at), IS_EXPORTED, 1)
    return 0
  },
  'CardRemoteObject.export(Ljava/rmi/Remote;)V': exportObject,
  'CardRemoteObject.unexport(Ljava/rmi/Remote;)V': unexportObject,
}
