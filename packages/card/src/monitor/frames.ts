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

/** A native method as it was called last from a stack of this height, and who worked then. */
interface NativeCall {
  readonly at: CodePosition
  readonly method: LinkedMethod
  readonly owner: number
}

/**
 * Native methods that may have called back into byte code. They are not told when they end, and need not be: the frame
 * that one calls begins where the stack of its caller ends, and while it is there nobody else calls from that height.
 */
export class NativeCalls {
  readonly #byHeight = new Map<number, NativeCall>()

  /** For `Monitor.callingNative`. */
  note({ owner }: Machine, at: CodePosition, method: LinkedMethod): void {
    this.#byHeight.set(at.sp, { at, method, owner })
  }

  /** @param fp first local of a frame that was not called from byte code */
  callerOf(fp: number): NativeCall | undefined {
    return this.#byHeight.get(fp)
  }
}

/**
 * @param nativeCalls kept by the monitor; without it the walk ends at the first native method that called back into byte
 *   code
 */
export function walkFrames(machine: Machine, at: CodePosition, nativeCalls = new NativeCalls()): Frame[] {
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
    if (returnPc === TO_HOST) {
      const call = nativeCalls.callerOf(fp)
      if (call === undefined) return frames
      owner = call.owner
      frames.push({ kind: 'native', method: call.method, owner, context: contextOf[owner]! })
      ;({ instance, pc, fp, control } = call.at)
    } else {
      owner = fpAndOwner >>> 24
      control = controlAndSlot & POINTER_MASK
      instance = packages[controlAndSlot >>> 24]!
      pc = returnPc - 1
      fp = fpAndOwner & POINTER_MASK
    }
  }
}
