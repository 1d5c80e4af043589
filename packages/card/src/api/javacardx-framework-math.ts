import type { NativeBinding } from '../vm/link/native-library.ts'
import { bcdUtilMethods } from './javacardx-framework-math/bcd-util.ts'
import {
  BIG_NUMBER_HIDDEN_BYTES,
  BIG_NUMBER_REFERENCES,
  bigNumberMethods,
} from './javacardx-framework-math/big-number.ts'
import { parityBitMethods } from './javacardx-framework-math/parity-bit.ts'
import { natives } from './native-call.ts'

/** javacardx.framework.math, one file per class. */
export const javacardxFrameworkMath: NativeBinding = {
  package: 'javacardx/framework/math',
  methods: natives({ ...bcdUtilMethods, ...bigNumberMethods, ...parityBitMethods }),
  hiddenBytes: { BigNumber: BIG_NUMBER_HIDDEN_BYTES },
  hiddenReferences: { BigNumber: BIG_NUMBER_REFERENCES },
}
