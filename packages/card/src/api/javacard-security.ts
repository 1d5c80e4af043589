import type { NativeBinding } from '../vm/link/native-library.ts'
import { absentKeyImplementation } from './absent-keys.ts'
import { aesKeyImplementation, extendedAesKeyImplementation } from './aes-key.ts'
import { reasonedException } from './card-exceptions.ts'
import { checksumImplementation, checksumMethods } from './checksum.ts'
import { ecKeyImplementations } from './ec-keys.ts'
import { groupKeyImplementations } from './group-keys.ts'
import { keyAgreementImplementation, keyAgreementMethods } from './key-agreement.ts'
import { keyBuilderMethods } from './key-builder.ts'
import { KEY_PAIR_HIDDEN_BYTES, KEY_PAIR_HIDDEN_REFERENCES, keyPairMethods } from './key-pair.ts'
import { DIGEST_ONE_SHOT_HIDDEN_BYTES, messageDigestImplementations, messageDigestMethods } from './message-digest.ts'
import { NAMED_PARAMETERS_HIDDEN_BYTES, namedParametersMethods } from './named-parameters.ts'
import { natives } from './native-call.ts'
import { RANDOM_ONE_SHOT_HIDDEN_BYTES, randomDataImplementation, randomDataMethods } from './random-data.ts'
import { rsaKeyImplementations } from './rsa-keys.ts'
import { secretKeyImplementations } from './secret-keys.ts'
import { signatureImplementations, signatureMethods } from './signature.ts'
import { signatureOneShotMethods } from './signature-one-shot.ts'
import { SIGNATURE_HIDDEN_BYTES } from './signature-state.ts'
import { xecKeyImplementations } from './xec-keys.ts'

/** javacard.security; docs/algorithms.md says which algorithms. */
export const javacardSecurity: NativeBinding = {
  package: 'javacard/security',
  methods: natives({
    ...reasonedException('javacard/security/CryptoException'),
    ...keyBuilderMethods,
    ...keyPairMethods,
    ...namedParametersMethods,
    ...randomDataMethods,
    ...messageDigestMethods,
    ...checksumMethods,
    ...signatureMethods,
    ...signatureOneShotMethods,
    ...keyAgreementMethods,
  }),
  hiddenBytes: {
    KeyPair: KEY_PAIR_HIDDEN_BYTES,
    NamedParameterSpec: NAMED_PARAMETERS_HIDDEN_BYTES,
    Signature$OneShot: SIGNATURE_HIDDEN_BYTES,
    MessageDigest$OneShot: DIGEST_ONE_SHOT_HIDDEN_BYTES,
    InitializedMessageDigest$OneShot: DIGEST_ONE_SHOT_HIDDEN_BYTES,
    RandomData$OneShot: RANDOM_ONE_SHOT_HIDDEN_BYTES,
  },
  hiddenReferences: {
    KeyPair: KEY_PAIR_HIDDEN_REFERENCES,
    NamedParameterSpec: [],
    MessageDigest$OneShot: [],
    InitializedMessageDigest$OneShot: [],
    RandomData$OneShot: [],
  },
  implementations: [
    aesKeyImplementation,
    extendedAesKeyImplementation,
    randomDataImplementation,
    ...messageDigestImplementations,
    checksumImplementation,
    ...secretKeyImplementations,
    ...ecKeyImplementations,
    ...rsaKeyImplementations,
    ...groupKeyImplementations,
    ...xecKeyImplementations,
    ...signatureImplementations,
    keyAgreementImplementation,
    absentKeyImplementation,
  ],
}
