import { securityDomainImplementation } from '../globalplatform/security-domain.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { natives } from './native-call.ts'
import { cvmImplementation } from './org-globalplatform/cvm.ts'
import { registryEntryImplementation } from './org-globalplatform/gp-registry-entry.ts'
import { gpSystemMethods } from './org-globalplatform/gp-system.ts'
import { secureChannelImplementation } from './org-globalplatform/secure-channel.ts'

/** org.globalplatform, one file for each class; the interfaces that applications implement need none. */
export const orgGlobalPlatform: NativeBinding = {
  package: 'org/globalplatform',
  methods: natives(gpSystemMethods),
  implementations: [
    securityDomainImplementation,
    registryEntryImplementation,
    cvmImplementation,
    secureChannelImplementation,
  ],
}
