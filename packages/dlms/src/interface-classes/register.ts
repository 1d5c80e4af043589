import type { CosemData } from '../cosem/cosem-data.ts'
import { scalerUnitData } from '../cosem/unit.ts'
import { buildObject } from './build-object.ts'
import type { AccessRefusal, ActionOutcome, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

/** Class 3: a value with scaler and unit (30 Wh, 27 W, 35 V, ...). @source Blue Book ed. 14 §4.3.2 */
export function registerObject(parts: {
  readonly logicalName: string
  readonly value: (caller: Caller) => CosemData | AccessRefusal | Promise<CosemData | AccessRefusal>
  /** The value counts in 10^scaler units. */
  readonly scaler: number
  /** Code of the unit table. */
  readonly unit: number
  readonly reset?: (caller: Caller) => ActionOutcome | Promise<ActionOutcome>
}): CosemObject {
  const { reset } = parts
  return buildObject({
    interfaceClass: interfaceClasses.register,
    logicalName: parts.logicalName,
    attributes: {
      2: { read: parts.value },
      3: { read: () => scalerUnitData({ scaler: parts.scaler, unit: parts.unit }) },
    },
    methods: reset === undefined ? {} : { 1: (_parameter, caller) => reset(caller) },
  })
}
