import { equalBytes } from '@gridcard/bytes'
import { type AppletRecord, emitAppletRecord } from '../../runtime/applet-registry.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { BLOCK_TYPE, JCRE_OWNER, OWNER_MASK, TYPE } from '../../vm/memory/handle-entry.ts'
import { byteAt, bytesOf, handleAt, type JcreMethod, shortAt } from '../native-call.ts'
import { AID_HIDDEN_BYTES, writeAid } from './aid.ts'

/** javacard.framework.Applet. What the JCRE knows of an instance is in its registry, not in the object. */

/** A list of exported remote objects, or null; see javacard.framework.service. */
export const APPLET_HIDDEN_BYTES = 2
export const APPLET_REFERENCES = [0]

const ILLEGAL_VALUE = 1
const ILLEGAL_AID = 4
const NO_RESOURCE = 5
const SW_FUNC_NOT_SUPPORTED = 0x6a81

function fail(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/SystemException', reason)
}

/**
 * The moment an installation succeeds: AID object and record are made, and everything install has done is committed.
 * @source JCRE 3.1 §3.1, §11.2; API Applet.register
 */
export function register(jcre: Jcre, applet: number, aid: Uint8Array): void {
  const { memory, machine, installation, registry } = jcre
  const owner = ownerOf(jcre, applet)
  if (installation === undefined || installation.registered || owner !== installation.owner) fail(jcre, ILLEGAL_AID)
  const { instanceAid, replaces } = installation
  if (instanceAid !== undefined && !equalBytes(instanceAid, aid)) fail(jcre, ILLEGAL_AID)
  if (replaces !== undefined) {
    // In an upgrade it is the JCRE that decides, when all instances have their data.
    installation.registered = { ...replaces, applet }
    return
  }
  if (registry.find(aid)) fail(jcre, ILLEGAL_AID)
  const aidType = machine.classIdOf(jcre.requireClass('javacard/framework/AID')) | TYPE.permanentEntryPoint
  const aidObject = memory.newPersistent(JCRE_OWNER, aidType, 0, AID_HIDDEN_BYTES)
  if (aidObject === 0) fail(jcre, NO_RESOURCE)
  writeAid(jcre, aidObject, aid)
  const record: Omit<AppletRecord, 'handle'> = {
    defaultOn: 0,
    owner,
    packageSlot: installation.packageInstance.slot,
    state: installation.state,
    applet,
    aidObject,
    aid,
    moduleAid: installation.moduleAid,
  }
  jcre.open?.registering(record)
  const bytes = emitAppletRecord(record)
  if (memory.freePersistentBytes < bytes.length + 8) fail(jcre, NO_RESOURCE)
  const handle = memory.newBlock(BLOCK_TYPE.appletRecord, bytes)
  memory.commit()
  installation.registered = { handle, ...record }
  registry.add(installation.registered)
}

function ownerOf(jcre: Jcre, applet: number): number {
  return (jcre.memory.word0(applet) >>> 24) & OWNER_MASK
}

/** A server that the selected applet calls is not being selected. */
function isSelected(jcre: Jcre, owner: number): boolean {
  return jcre.selected?.owner === owner
}

const registerClassAid: JcreMethod = (jcre, at) => {
  const installation = jcre.installation ?? fail(jcre, ILLEGAL_AID)
  const aid = installation.instanceAid ?? installation.moduleAid
  register(jcre, handleAt(jcre, at), aid)
  return 0
}

const registerAid: JcreMethod = (jcre, at) => {
  const length = byteAt(jcre, at + 3)
  const aid = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  if (length < 5 || length > 16) fail(jcre, ILLEGAL_VALUE)
  register(jcre, handleAt(jcre, at), aid)
  return 0
}

export const appletMethods: Readonly<Record<string, JcreMethod>> = {
  'Applet.<init>()V': () => 0,
  'Applet.install([BSB)V': (jcre) => {
    return jcre.machine.throwNew('javacard/framework/ISOException', SW_FUNC_NOT_SUPPORTED)
  },
  'Applet.register()V': registerClassAid,
  'Applet.register([BSB)V': registerAid,
  'Applet.selectingApplet()Z': (jcre, at) =>
    jcre.isSelecting && isSelected(jcre, ownerOf(jcre, handleAt(jcre, at))) ? 1 : 0,
  'Applet.reSelectingApplet()Z': (jcre) => (jcre.isReselecting && isSelected(jcre, jcre.machine.owner) ? 1 : 0),
  'Applet.select()Z': () => 1,
  'Applet.deselect()V': () => 0,
  'Applet.getShareableInterfaceObject(Ljavacard/framework/AID;B)Ljavacard/framework/Shareable;': () => 0,
}
