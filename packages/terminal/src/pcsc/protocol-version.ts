import { returnCodes } from './return-codes.ts'

/** Protocol version of a connection: 4:4 to 4:6. */
export interface ProtocolVersion {
  readonly major: number
  readonly minor: number
}

const MAJOR = 4
/** 4:4 pcsc-lite 1.8.24 to 2.2; 4:5 2.3 and 2.4; 4:6 from 2.5. */
const OLDEST_MINOR = 4
const NEWEST_MINOR = 6

/** From 4:6 on a wait is not answered with the state array; the client asks for size and array itself. */
export const MINOR_WITH_STATE_SIZE = 6

/**
 * What to answer to a client's version. A client of ours gets its own version back, for old libraries take no other and a
 * 2.5 library gets out of step when it is talked down. A newer one is told our newest and asks again with that.
 */
export function negotiate(asked: ProtocolVersion): { readonly answer: ProtocolVersion; readonly rv: number } {
  if (asked.major === MAJOR && asked.minor >= OLDEST_MINOR && asked.minor <= NEWEST_MINOR) {
    return { answer: asked, rv: returnCodes.SCARD_S_SUCCESS }
  }
  return { answer: { major: MAJOR, minor: NEWEST_MINOR }, rv: returnCodes.SCARD_E_SERVICE_STOPPED }
}
