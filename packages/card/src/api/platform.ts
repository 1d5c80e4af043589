import { type NativeBinding, NativeLibrary } from '../vm/link/native-library.ts'
import { javaLang } from './java-lang.ts'
import { javacardFramework } from './javacard-framework.ts'
import { javacardSecurity } from './javacard-security.ts'
import { javacardxApdu } from './javacardx-apdu.ts'
import { javacardxCrypto } from './javacardx-crypto.ts'

/** All of the API that is there; the rest of it links to nothing. */
const BINDINGS: readonly NativeBinding[] = [
  javaLang,
  javacardFramework,
  javacardSecurity,
  javacardxApdu,
  javacardxCrypto,
]

let library: NativeLibrary | undefined

/** Made once per process, by the first card. */
export function platform(): NativeLibrary {
  library ??= new NativeLibrary(BINDINGS)
  return library
}
