import type { NativeBinding } from '../vm/link/native-library.ts'
import { absentKeyImplementation } from './absent-keys.ts'
import { aesKeyImplementation } from './aes-key.ts'
import { reasonedException } from './card-exceptions.ts'
import { checksumImplementation, checksumMethods } from './checksum.ts'
import { ecKeyImplementations } from './ec-keys.ts'
import { keyAgreementImplementation, keyAgreementMethods } from './key-agreement.ts'
import { keyBuilderMethods } from './key-builder.ts'
import { KEY_PAIR_HIDDEN_BYTES, KEY_PAIR_HIDDEN_REFERENCES, keyPairMethods } from './key-pair.ts'
import { messageDigestImplementations, messageDigestMethods } from './message-digest.ts'
import { natives } from './native-call.ts'
import { randomDataImplementation, randomDataMethods } from './random-data.ts'
import { rsaKeyImplementations } from './rsa-keys.ts'
import { secretKeyImplementations } from './secret-keys.ts'
import { signatureImplementation, signatureMethods } from './signature.ts'

/** javacard.security; docs/algorithms.md says which algorithms. */
export const javacardSecurity: NativeBinding = {
  package: 'javacard/security',
  methods: natives({
    ...reasonedException('javacard/security/CryptoException'),
    ...keyBuilderMethods,
    ...keyPairMethods,
    ...randomDataMethods,
    ...messageDigestMethods,
    ...checksumMethods,
    ...signatureMethods,
    ...keyAgreementMethods,
  }),
  hiddenBytes: { KeyPair: KEY_PAIR_HIDDEN_BYTES },
  hiddenReferences: { KeyPair: KEY_PAIR_HIDDEN_REFERENCES },
  implementations: [
    aesKeyImplementation,
    randomDataImplementation,
    ...messageDigestImplementations,
    checksumImplementation,
    ...secretKeyImplementations,
    ...ecKeyImplementations,
    ...rsaKeyImplementations,
    signatureImplementation,
    keyAgreementImplementation,
    absentKeyImplementation,
  ],
}
