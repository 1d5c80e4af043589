/** Status words that the runtime environment itself gives. @source JCRE 3.1 ch. 4, 9; ISO/IEC 7816-4 §5.1.3 */
export const SW = {
  noError: 0x9000,
  channelNotOpenWarning: 0x6200,
  wrongLength: 0x6700,
  logicalChannelNotSupported: 0x6881,
  secureMessagingNotSupported: 0x6882,
  commandChainingNotSupported: 0x6884,
  conditionsNotSatisfied: 0x6985,
  applicationNotFound: 0x6a82,
  appletSelectFailed: 0x6999,
  wrongData: 0x6a80,
  functionNotSupported: 0x6a81,
  notEnoughMemory: 0x6a84,
  incorrectP1P2: 0x6a86,
  referencedDataNotFound: 0x6a88,
  correctLengthIsOne: 0x6c01,
  unknown: 0x6f00,
} as const
