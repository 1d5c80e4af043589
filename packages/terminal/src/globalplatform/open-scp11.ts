import { concatBytes, emitTlv, parseTlvs } from '@gridcard/bytes'
import {
  CryptoPortError,
  type CryptoProvider,
  type EcDomain,
  ecDomain,
  type Scp03MacBytes,
  scp11Receipt,
  scp11SessionKeys,
  scp11SharedInfo,
} from '@gridcard/crypto'
import type { CommandApdu } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import type { ResponseApdu } from '../response-apdu.ts'
import { badAnswer, find, readAnswer } from './answers.ts'
import { cardRefused } from './card-refused.ts'
import type { EcPublicKey } from './certificate.ts'
import { Scp03Channel } from './scp03-channel.ts'
import { securityLevels } from './security-level.ts'

/** a: both prove themselves; b: the card only; c: as a, and messages may be scripts for many cards. */
export type Scp11Variant = 'a' | 'b' | 'c'

/** The host's certificate and key, for a and c. */
export interface HostIdentity {
  /** Each as it is sent; the one of `privateKey` last. */
  readonly certificates: readonly Uint8Array[]
  readonly privateKey: Uint8Array
  /** Which key of the card checks the first certificate. */
  readonly authorityKeyVersion: number
  readonly authorityKeyIdentifier: number
}

export interface OpenScp11Options {
  readonly variant: Scp11Variant
  readonly keyVersion: number
  /** Default: that of the variant, 11, 13 or 15. */
  readonly keyIdentifier?: number
  /** The card's static key, from a certificate that was checked. */
  readonly cardKey: EcPublicKey
  readonly host?: HostIdentity
  /** Default: everything; without it MACs both ways. */
  readonly encrypts?: boolean
  /** Of the session keys. Default: 16. */
  readonly keyLengthBytes?: 16 | 24 | 32
  /** Default: 8. */
  readonly macBytes?: Scp03MacBytes
}

type Exchange = (command: CommandApdu) => Promise<ResponseApdu>

/** @source GPC Amd F 1.2 §7.5, §7.6 */
const VARIANTS = {
  a: { parameter: 0x01, ins: 0x82, keyIdentifier: 0x11, what: 'MUTUAL AUTHENTICATE' },
  b: { parameter: 0x00, ins: 0x88, keyIdentifier: 0x13, what: 'INTERNAL AUTHENTICATE' },
  c: { parameter: 0x03, ins: 0x82, keyIdentifier: 0x15, what: 'MUTUAL AUTHENTICATE' },
} as const

const AES = 0x88

/** PERFORM SECURITY OPERATION for each certificate, then the authentication. The card is authentic when its receipt is right. */
export async function openScp11(
  crypto: CryptoProvider,
  exchange: Exchange,
  options: OpenScp11Options,
): Promise<Scp03Channel> {
  const { variant, cardKey, host, keyLengthBytes = 16 } = options
  const { parameter, ins, keyIdentifier, what } = VARIANTS[variant]
  if ((variant === 'b') !== (host === undefined)) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', 'SCP11 a and c take a host certificate and key, b takes none')
  }
  if (host !== undefined) await presentCertificates(exchange, host)
  const domain = ecDomain(cardKey.curve)
  const ephemeralKey = crypto.generateEcPrivateKey(domain)
  try {
    const keyUsage = options.encrypts === false ? 0x34 : 0x3c
    const control = emitTlv(
      0xa6,
      concatBytes(
        emitTlv(0x90, Uint8Array.of(0x11, parameter)),
        emitTlv(0x95, Uint8Array.of(keyUsage)),
        emitTlv(0x80, Uint8Array.of(AES)),
        emitTlv(0x81, Uint8Array.of(keyLengthBytes)),
      ),
    )
    const data = concatBytes(control, emitTlv(0x5f49, crypto.ecPublicKey(domain, ephemeralKey)))
    const p2 = options.keyIdentifier ?? keyIdentifier
    const response = await exchange({ cla: 0x80, ins, p1: options.keyVersion, p2, data, ne: 256 })
    if (response.sw !== 0x9000) throw cardRefused(what, response.sw)
    const keys = agree(crypto, domain, { answer: response.data, data, ephemeralKey, keyUsage, options })
    const { receipt, ...session } = keys.session
    receipt.fill(0)
    return new Scp03Channel(crypto, {
      protocol: 'SCP11',
      keys: session,
      keyVersion: options.keyVersion,
      macBytes: options.macBytes ?? 8,
      chaining: keys.receipt,
      level: keyUsage === 0x3c ? 0x33 : securityLevels.cMac | securityLevels.rMac,
    })
  } finally {
    ephemeralKey.fill(0)
  }
}

async function presentCertificates(exchange: Exchange, host: HostIdentity): Promise<void> {
  for (const [index, certificate] of host.certificates.entries()) {
    const more = index < host.certificates.length - 1 ? 0x80 : 0
    // A certificate that does not fit is cut; P1 says that more of it comes.
    for (let at = 0; at < certificate.length; at += 255) {
      const part = certificate.slice(at, at + 255)
      const isLast = at + 255 >= certificate.length
      const p1 = host.authorityKeyVersion | (isLast ? 0 : 0x80)
      const p2 = host.authorityKeyIdentifier | more
      const { sw } = await exchange({ cla: 0x80, ins: 0x2a, p1, p2, data: part })
      if (sw !== 0x9000) throw cardRefused('PERFORM SECURITY OPERATION', sw)
    }
  }
}

interface Agreement {
  readonly answer: Uint8Array
  /** As sent. */
  readonly data: Uint8Array
  readonly ephemeralKey: Uint8Array
  readonly keyUsage: number
  readonly options: OpenScp11Options
}

function agree(crypto: CryptoProvider, domain: EcDomain, agreement: Agreement) {
  const { answer, data, ephemeralKey, keyUsage, options } = agreement
  const what = 'the answer to the authentication'
  const elements = readAnswer(what, () => parseTlvs(answer))
  const [cardEphemeral, receipt] = [find(elements, 0x5f49), find(elements, 0x86)]
  if (cardEphemeral === undefined || receipt === undefined) throw badAnswer(what)
  const keyLengthBytes = options.keyLengthBytes ?? 16
  const shared = (privateKey: Uint8Array, point: Uint8Array) => {
    try {
      return crypto.ecdh(domain, privateKey, point)
    } catch (error) {
      if (error instanceof CryptoPortError) throw badAnswer(what, error)
      throw error
    }
  }
  const ephemeralSecret = shared(ephemeralKey, cardEphemeral)
  const staticSecret = shared(options.host?.privateKey ?? ephemeralKey, options.cardKey.point)
  const session = scp11SessionKeys(crypto, {
    hash: 'sha256', // whatever the curve; GPC Amd F 1.4 §7.6.2.3
    ephemeralSecret,
    staticSecret,
    sharedInfo: scp11SharedInfo({ keyUsage, keyType: AES, keyLengthBytes }),
    keyLengthBytes,
  })
  ephemeralSecret.fill(0)
  staticSecret.fill(0)
  const expected = scp11Receipt(crypto, session.receipt, data, emitTlv(0x5f49, cardEphemeral))
  if (!crypto.constantTimeEqual(expected, receipt)) {
    throw new TerminalError(
      'TERMINAL_GP_CARD_NOT_AUTHENTIC',
      'the card does not have the private key of its certificate',
    )
  }
  return { session, receipt }
}
