import { emitTlv, fromHex, toHex } from '@gridcard/bytes'
import { assemblePackage, emitComponents } from '@gridcard/cap'
import { expect } from 'vitest'
import type { TestPackage } from './gp-card.ts'
import type { GpHost } from './gp-host.ts'

export const UPGRADABLE_AID = fromHex('F047524944550001')
const MODULE = Uint8Array.of(...UPGRADABLE_AID, 1)
const UPGRADE = 'org/globalplatform/upgrade'
const ELEMENT = `${UPGRADE}/Element`
const ANSWER = 'invokestatic javacard/framework/ISOException.throwIt(S)V return'
const BUFFER = 'aload_1 invokevirtual javacard/framework/APDU.getBuffer()[B'

export const CREATE = `invokestatic ${UPGRADE}/UpgradeManager.createElement(BSS)L${ELEMENT};`
export const write = (type: string) => `invokeinterface 2 ${ELEMENT}.write(${type})L${ELEMENT};`
export const read = (method: string) => `invokeinterface 1 ${ELEMENT}.${method}`
export const MANAGER = `${UPGRADE}/UpgradeManager`

export interface UpgradableOptions {
  /** Minor version of the package. */
  readonly version: number
  readonly save?: string
  readonly cleanup?: string
  readonly restore?: string
  readonly consolidate?: string
  /** Behind what the constructor does. */
  readonly init?: string
  /** INS 08. */
  readonly extra?: string
  /** Directives of static fields. */
  readonly statics?: string
  readonly module?: Uint8Array
}

/** Number and array, saved as a short and an object. */
const SAVE = `sconst_1 sconst_2 sconst_1 ${CREATE}
  getfield_s_this target.0 ${write('S')} getfield_a_this target.1 ${write('Ljava/lang/Object;')} areturn`
const RESTORE = `aload_1 ${read('initRead()V')}
  aload_0 aload_1 ${read('readShort()S')} putfield_s target.0
  aload_0 aload_1 ${read('readObject()Ljava/lang/Object;')} checkcast byte putfield_a target.1 return`

/**
 * An applet that counts: INS 01 counts up, 02 answers the number, 03 the version, 04 the first byte of its array, 05 sets
 * that to P1, 06 how often it was consolidated, 07 the last byte of its install parameters. Answers are status words.
 */
export function upgradable(o: UpgradableOptions): TestPackage {
  const { save = SAVE, cleanup = 'return', restore = RESTORE, consolidate, init = '', extra = 'return' } = o
  const module = o.module ?? MODULE
  const block = emitComponents(
    assemblePackage(`.package ${toHex(UPGRADABLE_AID)} 1.${o.version}
      .applet ${toHex(module)} target_install
      ${o.statics ?? ''}
      .class target extends javacard/framework/Applet
        .instance 4 references 1 from 1
        .public 7 target_process target_save target_cleanup target_restore target_consolidate
        .implements ${UPGRADE}/OnUpgradeListener 8 9 10 11
      .end
      .method target_process stack 6 args 2 locals 2
        aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
        START: ${BUFFER} sconst_1 baload stableswitch { 1: COUNT NUMBER VERSION BYTE SET CONSOLIDATED PARAMETER EXTRA default: COUNT }
        COUNT: aload_0 getfield_s_this target.0 sconst_1 sadd putfield_s target.0 goto NUMBER
        NUMBER: sspush 28672 getfield_s_this target.0 sadd ${ANSWER}
        VERSION: sspush ${0x7100 + o.version} ${ANSWER}
        BYTE: sspush 29184 getfield_a_this target.1 sconst_0 baload sadd ${ANSWER}
        SET: getfield_a_this target.1 sconst_0 ${BUFFER} sconst_2 baload bastore return
        CONSOLIDATED: sspush 29440 getfield_s_this target.2 sadd ${ANSWER}
        PARAMETER: sspush 29696 getfield_s_this target.3 sadd ${ANSWER}
        EXTRA: ${extra}
      .end
      .method target_save stack 6 args 1 locals 2
        ${save}
      .end
      .method target_cleanup stack 6 args 1 locals 2
        ${cleanup}
      .end
      .method target_restore stack 6 args 2 locals 2
        ${restore}
      .end
      .method target_consolidate stack 6 args 1 locals 2
        ${consolidate ?? 'aload_0 getfield_s_this target.2 sconst_1 sadd putfield_s target.2 return'}
      .end
      .method target_init stack 6 args 1 locals 2
        aload_0 invokespecial javacard/framework/Applet.<init>()V
        aload_0 bspush 40 newarray byte putfield_a target.1
        ${init} return
      .end
      .method target_install stack 6 args 3 locals 2
        new target dup invokespecial target_init astore_3
        aload_3 aload_0 sload_1 sload_2 sadd sconst_1 ssub baload putfield_s target.3
        aload_3 invokevirtual javacard/framework/Applet.register()V return
      .end
`).cap,
  )
  return { aid: UPGRADABLE_AID, module, block, loadFile: emitTlv(0xc4, block) }
}

export const ACTION = { start: 0x01, resume: 0x02, recovery: 0x03, abort: 0x04, status: 0x08 } as const

/** MANAGE ELF UPGRADE. */
export function manage(host: GpHost, action: keyof typeof ACTION, aid: Uint8Array = UPGRADABLE_AID): string {
  return host.send(0xea, ACTION[action], 0, action === 'start' ? emitTlv(0xa1, emitTlv(0x4f, aid)) : '')
}

/** What a session's answer looks like. */
export function session(state: number, aid: Uint8Array | undefined = UPGRADABLE_AID): string {
  const objects = `9001${state.toString(16).padStart(2, '0')}${aid ? toHex(emitTlv(0x4f, aid)) : ''}`
  const information = toHex(emitTlv(0xa1, fromHex(objects)))
  return `00${toHex(Uint8Array.of(information.length / 2))}${information}9000`.toUpperCase()
}

export const NO_SESSION = '0005A1039001009000'

/** INSTALL [for load] and LOAD of a new version. */
export function loadVersion(host: GpHost, one: TestPackage): string {
  const begun = host.installForLoad(one.aid)
  return begun === '009000' ? host.load(one.loadFile) : begun
}

/** Start, load, resume. */
export function upgradeTo(host: GpHost, one: TestPackage): string {
  expect(manage(host, 'start')).toBe(session(0x02))
  expect(loadVersion(host, one)).toBe('009000')
  expect(manage(host, 'status')).toBe(session(0x03))
  return manage(host, 'resume')
}
