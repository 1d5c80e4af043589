import { type NativeBinding, NativeLibrary } from '../vm/link/native-library.ts'
import { javaIo } from './java-io.ts'
import { javaLang } from './java-lang.ts'
import { javaRmi } from './java-rmi.ts'
import { javacardFramework } from './javacard-framework.ts'
import { javacardFrameworkService } from './javacard-framework-service.ts'
import { javacardSecurity } from './javacard-security.ts'
import { javacardxApdu } from './javacardx-apdu.ts'
import { javacardxApduUtil } from './javacardx-apdu-util.ts'
import { javacardxBiometry } from './javacardx-biometry.ts'
import { javacardxBiometry1toN } from './javacardx-biometry1ton.ts'
import { javacardxCrypto } from './javacardx-crypto.ts'
import { javacardxExternal } from './javacardx-external.ts'
import { javacardxFrameworkEvent } from './javacardx-framework-event.ts'
import { javacardxFrameworkMath } from './javacardx-framework-math.ts'
import { javacardxFrameworkNio } from './javacardx-framework-nio.ts'
import { javacardxFrameworkString } from './javacardx-framework-string.ts'
import { javacardxFrameworkTime } from './javacardx-framework-time.ts'
import { javacardxFrameworkTlv } from './javacardx-framework-tlv.ts'
import { javacardxFrameworkUtil } from './javacardx-framework-util.ts'
import { javacardxFrameworkUtilIntx } from './javacardx-framework-util-intx.ts'
import { javacardxSecurity } from './javacardx-security.ts'
import { javacardxSecurityCert } from './javacardx-security-cert.ts'
import { javacardxSecurityDerivation } from './javacardx-security-derivation.ts'
import { javacardxSecurityUtil } from './javacardx-security-util.ts'
import { orgGlobalPlatform } from './org-globalplatform.ts'
import { orgGlobalPlatformUpgrade } from './org-globalplatform-upgrade.ts'
import { withSensitiveResults } from './sensitive-results.ts'

/** All of the API that is there; the rest of it links to nothing. docs/java-card-api.md tells what that is. */
const BINDINGS: readonly NativeBinding[] = [
  javaLang,
  javaIo,
  javaRmi,
  javacardFramework,
  javacardFrameworkService,
  javacardSecurity,
  javacardxApdu,
  javacardxApduUtil,
  javacardxBiometry,
  javacardxBiometry1toN,
  javacardxCrypto,
  javacardxExternal,
  javacardxFrameworkEvent,
  javacardxFrameworkMath,
  javacardxFrameworkNio,
  javacardxFrameworkString,
  javacardxFrameworkTime,
  javacardxFrameworkTlv,
  javacardxFrameworkUtil,
  javacardxFrameworkUtilIntx,
  orgGlobalPlatform,
  orgGlobalPlatformUpgrade,
  javacardxSecurity,
  javacardxSecurityCert,
  javacardxSecurityDerivation,
  javacardxSecurityUtil,
]

let library: NativeLibrary | undefined

/** Made once per process, by the first card. */
export function platform(): NativeLibrary {
  library ??= new NativeLibrary(BINDINGS.map(withSensitiveResults))
  return library
}
