/**
 * Objects of the runtime environment itself, made in this order when a card is formatted, so their handles are the same
 * on every card. Those of the first list are temporary entry points or a global array; their contents are in RAM.
 *
 * @source JCRE 3.1 §6.2.1, §6.2.2, §9.2
 */
export const APDU_HANDLE = 1
export const APDU_BUFFER_HANDLE = 2
const FIRST_EXCEPTION_HANDLE = 3

/** Exceptions that the VM or the API throws; only ever append. */
export const JCRE_EXCEPTIONS = [
  'java/lang/ArithmeticException',
  'java/lang/ArrayIndexOutOfBoundsException',
  'java/lang/ArrayStoreException',
  'java/lang/ClassCastException',
  'java/lang/IndexOutOfBoundsException',
  'java/lang/NegativeArraySizeException',
  'java/lang/NullPointerException',
  'java/lang/RuntimeException',
  'java/lang/SecurityException',
  'javacard/framework/CardException',
  'javacard/framework/CardRuntimeException',
  'javacard/framework/ISOException',
  'javacard/framework/UserException',
  'javacard/framework/APDUException',
  'javacard/framework/SystemException',
  'javacard/framework/TransactionException',
  'javacard/framework/PINException',
  'javacard/security/CryptoException',
  'java/io/IOException',
  'javacard/framework/service/ServiceException',
  'javacardx/biometry/BioException',
  'javacardx/biometry1toN/Bio1toNException',
  'javacardx/external/ExternalException',
  'javacardx/framework/nio/BufferOverflowException',
  'javacardx/framework/nio/BufferUnderflowException',
  'javacardx/framework/nio/ReadOnlyBufferException',
  'javacardx/framework/string/StringException',
  'javacardx/framework/time/DateTimeException',
  'javacardx/framework/tlv/TLVException',
  'javacardx/framework/util/UtilException',
  'javacardx/security/cert/CertificateException',
] as const
/** The two objects of javacardx.framework.nio.ByteOrder: permanent entry points, the same for all applets. */
export const BIG_ENDIAN_HANDLE = FIRST_EXCEPTION_HANDLE + JCRE_EXCEPTIONS.length
export const LITTLE_ENDIAN_HANDLE = BIG_ENDIAN_HANDLE + 1
/** Handles 1 to this one are the JCRE's own objects. */
export const JCRE_OBJECT_COUNT = LITTLE_ENDIAN_HANDLE
export type JcreException = (typeof JCRE_EXCEPTIONS)[number]

export function exceptionHandle(name: JcreException): number {
  return FIRST_EXCEPTION_HANDLE + JCRE_EXCEPTIONS.indexOf(name)
}

export const ARITHMETIC = exceptionHandle('java/lang/ArithmeticException')
export const ARRAY_INDEX_OUT_OF_BOUNDS = exceptionHandle('java/lang/ArrayIndexOutOfBoundsException')
export const ARRAY_STORE = exceptionHandle('java/lang/ArrayStoreException')
export const CLASS_CAST = exceptionHandle('java/lang/ClassCastException')
export const NEGATIVE_ARRAY_SIZE = exceptionHandle('java/lang/NegativeArraySizeException')
export const NULL_POINTER = exceptionHandle('java/lang/NullPointerException')
export const SECURITY = exceptionHandle('java/lang/SecurityException')
