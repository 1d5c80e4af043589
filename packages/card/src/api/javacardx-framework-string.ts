import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import { stringUtilMethods } from './javacardx-framework-string/string-util.ts'
import { natives } from './native-call.ts'

/** javacardx.framework.string; which encodings, says `encodings.ts`. */
export const javacardxFrameworkString: NativeBinding = {
  package: 'javacardx/framework/string',
  methods: natives({ ...reasonedException('javacardx/framework/string/StringException'), ...stringUtilMethods }),
}
