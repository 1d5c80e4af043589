import type { Jcre } from '../runtime/jcre.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { handleAt, type JcreMethod, natives, shortAt } from './native-call.ts'
import { forgetSensitiveResult, SENSITIVE } from './sensitive-results.ts'

/** javacardx.security.SensitiveResult: asserts what the last sensitive method answered, or throws SecurityException. */
function assertResult(jcre: Jcre, kind: number, isRight: (value: number) => boolean): number {
  if (jcre.sensitiveKind !== kind || !isRight(jcre.sensitiveValue)) {
    jcre.machine.throwNew('java/lang/SecurityException')
  }
  return 0
}

const ofShort =
  (isRight: (value: number, given: number) => boolean): JcreMethod =>
  (jcre, at) => {
    return assertResult(jcre, SENSITIVE.short, (value) => isRight((value << 16) >> 16, shortAt(jcre, at)))
  }

export const javacardxSecurity: NativeBinding = {
  package: 'javacardx/security',
  methods: natives({
    'SensitiveResult.assertEquals(Ljava/lang/Object;)V': (jcre, at) => {
      return assertResult(jcre, SENSITIVE.reference, (value) => (value & 0xffff) === handleAt(jcre, at))
    },
    'SensitiveResult.assertTrue()V': (jcre) => assertResult(jcre, SENSITIVE.boolean, (value) => value !== 0),
    'SensitiveResult.assertFalse()V': (jcre) => assertResult(jcre, SENSITIVE.boolean, (value) => value === 0),
    'SensitiveResult.assertNegative()V': ofShort((value) => value < 0),
    'SensitiveResult.assertPositive()V': ofShort((value) => value > 0),
    'SensitiveResult.assertZero()V': ofShort((value) => value === 0),
    'SensitiveResult.assertEquals(S)V': ofShort((value, given) => value === given),
    'SensitiveResult.assertGreaterThan(S)V': ofShort((value, given) => value > given),
    'SensitiveResult.assertLessThan(S)V': ofShort((value, given) => value < given),
    'SensitiveResult.reset()V': (jcre) => {
      forgetSensitiveResult(jcre)
      return 0
    },
  }),
}
