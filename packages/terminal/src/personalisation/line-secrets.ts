import { concatBytes, fromAscii, fromHex, toAscii, toHex } from '@gridcard/bytes'
import type { CryptoProvider, StaticKeys } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import type { Authority, Der, Pki } from './authority.ts'

/** What only the line knows. */
export interface LineSecrets {
  /** 16 random bytes that make fingerprints of keys this line's own. */
  readonly lineId: Uint8Array
  /** Master keys of the issuer security domains; a card's own come from them and its title. */
  readonly issuer: StaticKeys
  readonly pki: Pki
  /** Signs key files. */
  readonly maker: Authority
  /** Signs software for devices, on a line whose cards verify it. */
  readonly software?: Authority
}

const IV_BYTES = 12
const TAG_BYTES = 16
const PURPOSE = fromAscii('gridcard personalisation line 1')

/** IV, then AES-256-GCM of all secrets under the line's key. */
export function sealSecrets(crypto: CryptoProvider, lineKey: Uint8Array, secrets: LineSecrets): Uint8Array {
  const authority = ({ certificate, privateKey }: Authority) => [toHex(certificate), toHex(privateKey)]
  const { root, devices, organisations } = secrets.pki
  const text = JSON.stringify({
    lineId: toHex(secrets.lineId),
    issuer: [secrets.issuer.enc, secrets.issuer.mac, secrets.issuer.dek].map((key) => toHex(key)),
    authorities: [root, devices, organisations, secrets.maker, ...(secrets.software ? [secrets.software] : [])].map(
      authority,
    ),
  })
  const iv = crypto.randomBytes(IV_BYTES)
  return concatBytes(iv, crypto.gcmSeal(lineKey, iv, PURPOSE, fromAscii(text), TAG_BYTES))
}

/** @throws TerminalError `TERMINAL_LINE_LOCKED`: another key, or the file was changed */
export function openSecrets(crypto: CryptoProvider, lineKey: Uint8Array, sealed: Uint8Array): LineSecrets {
  const iv = sealed.subarray(0, IV_BYTES)
  const isWhole = lineKey.length === 32 && sealed.length > IV_BYTES + TAG_BYTES
  const opened = isWhole ? crypto.gcmOpen(lineKey, iv, PURPOSE, sealed.slice(IV_BYTES), TAG_BYTES) : undefined
  if (opened === undefined) {
    throw new TerminalError('TERMINAL_LINE_LOCKED', "the line's secrets do not open with this key, or were changed")
  }
  const stored = JSON.parse(toAscii(opened)) as {
    lineId: string
    issuer: [string, string, string]
    authorities: [string, string][]
  } // authenticated, so it is what sealSecrets wrote
  const [enc, mac, dek] = stored.issuer.map((key) => fromHex(key)) as [Uint8Array, Uint8Array, Uint8Array]
  const authorities = stored.authorities.map(([certificate, privateKey]) => ({
    certificate: derOf(certificate),
    privateKey: derOf(privateKey),
  }))
  const [root, devices, organisations, maker, software] = authorities as [
    Authority,
    Authority,
    Authority,
    Authority,
    Authority?,
  ]
  const pki = { root, devices, organisations }
  return { lineId: fromHex(stored.lineId), issuer: { enc, mac, dek }, pki, maker, ...(software && { software }) }
}

const derOf = (hex: string): Der => new Uint8Array(fromHex(hex))
