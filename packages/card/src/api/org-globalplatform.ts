import { securityDomainImplementation } from '../globalplatform/security-domain.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'

export const orgGlobalPlatform: NativeBinding = {
  package: 'org/globalplatform',
  methods: {},
  implementations: [securityDomainImplementation],
}
