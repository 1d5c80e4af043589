import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import {
  TIME_DURATION_HIDDEN_BYTES,
  TIME_DURATION_REFERENCES,
  timeDurationMethods,
} from './javacardx-framework-time/time-duration.ts'
import { natives } from './native-call.ts'

/** javacardx.framework.time: durations, and how long the card has had power. */
export const javacardxFrameworkTime: NativeBinding = {
  package: 'javacardx/framework/time',
  methods: natives({ ...reasonedException('javacardx/framework/time/DateTimeException'), ...timeDurationMethods }),
  hiddenBytes: { TimeDuration: TIME_DURATION_HIDDEN_BYTES },
  hiddenReferences: { TimeDuration: TIME_DURATION_REFERENCES },
}
