import type { LinkedMethod } from '../vm/link/linked-package.ts'
import type { Machine, PackageInstance } from '../vm/machine.ts'
import { CONTROL, type CodePosition, POINTER_MASK, TO_HOST } from '../vm/monitor.ts'
import { methodAt } from './watched-code.ts'

/** Who called what, innermost first. Indices are those of `CodePosition`. */
export type Frame =
  | {
      readonly kind: 'code'
      readonly instance: PackageInstance
      readonly method: LinkedMethod
      /** Word of the instruction that runs, or that called the next inner frame. */
      readonly pc: number
      /** Of that instruction in Method `info`. */
      readonly capOffset: number
      readonly fp: number
      readonly control: number
      /** Whoever owns what the frame makes, and the context it works in. */
      readonly owner: number
      readonly context: number
    }
  | { readonly kind: 'native'; readonly method: LinkedMethod; readonly owner: number; readonly context: number }

/** By control record of the calling frame: where it stands in the native method it called last. */
export type NativeCalls = ReadonlyMap<number, { readonly at: CodePosition; readonly method: LinkedMethod }>

/**
 * @param nativeCalls kept by the monitor, from `callingNative`; without it the walk ends at the first native method that
 *   called back into byte code
 */
export function walkFrames(machine: Machine, at: CodePosition, nativeCalls: NativeCalls = new Map()): Frame[] {
  const { memory, contextOf, packages } = machine
  const { i32 } = memory
  const frames: Frame[] = []
  let { instance, pc, fp, control } = at
  let { owner } = machine
  for (;;) {
    const method = methodAt(instance.linked, pc)
    const context = contextOf[owner]!
    frames.push({
      kind: 'code',
      instance,
      method,
      pc,
      capOffset: instance.linked.capOffsets[pc]!,
      fp,
      control,
      owner,
      context,
    })
    const returnPc = i32[control + CONTROL.returnPc]!
    const fpAndOwner = i32[control + CONTROL.callerFpAndOwner]!
    const controlAndSlot = i32[control + CONTROL.callerControlAndSlot]!
    owner = fpAndOwner >>> 24
    control = controlAndSlot & POINTER_MASK
    if (returnPc === TO_HOST) {
      const call = nativeCalls.get(control)
      if (control === 0 || call === undefined) return frames
      frames.push({ kind: 'native', method: call.method, owner, context: contextOf[owner]! })
      ;({ instance, pc, fp } = call.at)
    } else {
      instance = packages[controlAndSlot >>> 24]!
      pc = returnPc - 1
      fp = fpAndOwner & POINTER_MASK
    }
  }
}
