/**
 * Methods that came to a class or interface of the API after its first version: token, and the minor version of the
 * package that has it first. A package that imports an older version may use the token for a method of its own; only
 * classes that can be extended and interfaces are listed. Found by comparing the export facts of all levels from 2.1.1 on.
 */
export const LATER_METHODS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'javacard/security/ECKey': { 14: 6 },
  'javacard/security/ECPrivateKey': { 20: 6 },
  'javacard/security/ECPublicKey': { 20: 6 },
  'javacard/security/InitializedMessageDigest': { 7: 8 },
  'javacard/security/KeyAgreement': { 4: 8 },
  'javacard/security/MessageDigest': { 6: 8 },
  'javacard/security/RandomData': { 3: 6, 4: 6 },
  'javacard/security/Signature': { 8: 5, 9: 5, 10: 6, 11: 6, 12: 6, 13: 6 },
  'javacardx/biometry/OwnerBioTemplate': { 13: 4 },
  'javacardx/biometry1toN/OwnerBioTemplateData': { 6: 1 },
  'javacardx/crypto/Cipher': { 6: 6, 7: 6 },
}
