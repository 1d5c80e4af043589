import { concatBytes, fromHex } from '@gridcard/bytes'
import { iotSafeTags } from './iot-safe-codes.ts'
import { badAnswer, emitIotSafeTlv, parseIotSafeTlvs, requireTlv } from './iot-safe-tlv.ts'

const POINT_TAG = 0x86

/** 34 45 49 43 86 41, then the point. @param point 04 || x || y, 65 bytes */
export function emitIotSafePublicKey(point: Uint8Array): Uint8Array {
  return emitIotSafeTlv(iotSafeTags.publicKey, emitIotSafeTlv(iotSafeTags.ecKey, emitIotSafeTlv(POINT_TAG, point)))
}

/** @returns 04 || x || y @throws TerminalError `TERMINAL_BAD_RESPONSE` */
export function parseIotSafePublicKey(bytes: Uint8Array): Uint8Array {
  const key = requireTlv(parseIotSafeTlvs(bytes), iotSafeTags.publicKey)
  const point = requireTlv(parseIotSafeTlvs(requireTlv(parseIotSafeTlvs(key), iotSafeTags.ecKey)), POINT_TAG)
  if (point.length !== 65 || point[0] !== 4) throw badAnswer('a public key is no uncompressed point')
  return point
}

/** SubjectPublicKeyInfo of a point on P-256 (RFC 5480), as certificates and `node:crypto` have it. */
export function p256PublicKeyInfo(point: Uint8Array): Uint8Array {
  return concatBytes(P256_INFO, point)
}

// SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING of 66 bytes }
const P256_INFO = fromHex('3059301306072A8648CE3D020106082A8648CE3D030107034200')
