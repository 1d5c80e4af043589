import type { JvmType, PrimitiveKind } from './descriptor.ts'

export type Condition = 'eq' | 'ne' | 'lt' | 'ge' | 'gt' | 'le'

export type BinaryOperator = 'add' | 'sub' | 'mul' | 'div' | 'rem' | 'shl' | 'shr' | 'ushr' | 'and' | 'or' | 'xor'

export type StackForm = 'pop' | 'pop2' | 'dup' | 'dup_x1' | 'dup_x2' | 'dup2' | 'dup2_x1' | 'dup2_x2' | 'swap'

/** A field or method as an instruction names it: `owner` need not be the class that declares it. */
export interface MemberRef {
  /** Internal name, or a descriptor when the owner is an array. */
  readonly owner: string
  readonly name: string
  readonly descriptor: string
}

export interface SwitchCase {
  readonly match: number
  readonly target: number
}

/**
 * One instruction of the Java VM with its shorthand forms undone: `iconst_0`, `bipush 0`, `sipush 0` and `ldc 0` are
 * all `push`. Targets are absolute. `unsupported` is an instruction that no Java Card has a use for.
 *
 * @source JVMS 17 §6.5
 */
export type JvmOperation =
  | { readonly kind: 'nop' }
  | { readonly kind: 'push'; readonly value: number }
  | { readonly kind: 'pushNull' }
  | { readonly kind: 'load' | 'store'; readonly type: 'int' | 'reference'; readonly slot: number }
  | { readonly kind: 'increment'; readonly slot: number; readonly by: number }
  | { readonly kind: 'arrayLoad' | 'arrayStore'; readonly element: 'reference' | 'byte' | 'short' | 'int' }
  | { readonly kind: 'stack'; readonly form: StackForm }
  | { readonly kind: 'binary'; readonly operator: BinaryOperator }
  | { readonly kind: 'negate' }
  | { readonly kind: 'narrow'; readonly to: 'byte' | 'short' }
  /** `comparand`: the second operand is zero or null, or stands on the stack too. */
  | {
      readonly kind: 'branch'
      readonly type: 'int' | 'reference'
      readonly condition: Condition
      readonly comparand: 'zero' | 'stack'
      readonly target: number
    }
  | { readonly kind: 'goto'; readonly target: number }
  | {
      readonly kind: 'switch'
      readonly form: 'table' | 'lookup'
      readonly defaultTarget: number
      readonly cases: readonly SwitchCase[]
    }
  | { readonly kind: 'return'; readonly type: 'int' | 'reference' | 'void' }
  | { readonly kind: 'getField' | 'putField'; readonly isStatic: boolean; readonly member: MemberRef }
  | {
      readonly kind: 'invoke'
      readonly mode: 'virtual' | 'special' | 'static' | 'interface'
      readonly member: MemberRef
    }
  | { readonly kind: 'new'; readonly className: string }
  | { readonly kind: 'newPrimitiveArray'; readonly element: PrimitiveKind }
  | { readonly kind: 'newReferenceArray'; readonly element: JvmType }
  | { readonly kind: 'arrayLength' }
  | { readonly kind: 'throw' }
  | { readonly kind: 'checkCast' | 'instanceOf'; readonly type: JvmType }
  /** What the instruction is there for. */
  | { readonly kind: 'unsupported'; readonly feature: UnsupportedFeature }

export type UnsupportedFeature =
  | 'long'
  | 'float'
  | 'double'
  | 'char'
  | 'string'
  | 'concatenation'
  | 'class-literal'
  | 'lambda'
  | 'synchronized'
  | 'array-of-arrays'
  | 'jsr'

export type JvmInstruction = JvmOperation & { readonly pc: number; readonly lengthBytes: number }
