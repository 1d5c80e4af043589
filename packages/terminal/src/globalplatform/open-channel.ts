import { concatBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  diversifiedKeys,
  type KeyDiversification,
  type StaticKeys,
  scp02CardCryptogram,
  scp02HostCryptogram,
  scp02SessionKeys,
  scp03CardCryptogram,
  scp03HostCryptogram,
  scp03SessionKeys,
} from '@gridcard/crypto'
import type { CommandApdu } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import type { ResponseApdu } from '../response-apdu.ts'
import { cardRefused } from './card-refused.ts'
import { type InitializeUpdateAnswer, parseInitializeUpdateAnswer } from './initialize-update.ts'
import { Scp02Channel } from './scp02-channel.ts'
import { Scp03Channel } from './scp03-channel.ts'
import type { SecureChannel } from './secure-channel.ts'
import { requireSecurityLevel, securityLevels } from './security-level.ts'

export interface OpenChannelOptions {
  /** The card's keys, or with `diversification` the master keys. The caller keeps and wipes them. */
  readonly keys: StaticKeys
  readonly diversification?: KeyDiversification
  /** 0, the default: the card chooses. */
  readonly keyVersion?: number
  /** Default: C-MAC. */
  readonly level?: number
  /** Refuse any other. The card names its protocol, so without this it could choose a weaker one. */
  readonly protocol?: 'SCP02' | 'SCP03'
  /** SCP03 with 16-byte challenges and MACs; default: tried when the card refuses 8 bytes as a wrong length. */
  readonly s16?: boolean
}

type Exchange = (command: CommandApdu) => Promise<ResponseApdu>

/** INITIALIZE UPDATE and EXTERNAL AUTHENTICATE. Nothing is sent after a wrong card cryptogram. */
export async function openChannel(
  crypto: CryptoProvider,
  exchange: Exchange,
  options: OpenChannelOptions,
): Promise<SecureChannel> {
  const level = options.level ?? securityLevels.cMac
  const { answer, hostChallenge } = await initializeUpdate(crypto, exchange, options)
  const { protocol } = answer
  if (options.protocol !== undefined && protocol !== options.protocol) {
    throw new TerminalError('TERMINAL_GP_UNSUPPORTED', `${options.protocol} is wanted, the card answers ${protocol}`)
  }
  if (options.keyVersion !== undefined && options.keyVersion !== 0 && answer.keyVersion !== options.keyVersion) {
    throw new TerminalError(
      'TERMINAL_GP_BAD_ANSWER',
      `the card took key version ${answer.keyVersion}, not the one wanted`,
    )
  }
  requireSecurityLevel(protocol, level)
  const { keys, wipe } = cardKeys(crypto, options, answer)
  try {
    const opening = protocol === 'SCP02' ? openScp02 : openScp03
    const { channel, hostCryptogram } = opening(crypto, keys, hostChallenge, answer)
    const command = channel.wrap({ cla: 0x80, ins: 0x82, p1: level, p2: 0, data: hostCryptogram })
    const { sw } = await exchange(command)
    if (sw !== 0x9000) {
      channel.close()
      throw cardRefused('EXTERNAL AUTHENTICATE', sw)
    }
    channel.authenticated(level)
    return channel
  } finally {
    wipe()
  }
}

async function initializeUpdate(crypto: CryptoProvider, exchange: Exchange, { s16, keyVersion }: OpenChannelOptions) {
  const attempt = async (challengeBytes: 8 | 16) => {
    const hostChallenge = crypto.randomBytes(challengeBytes)
    const command = { cla: 0x80, ins: 0x50, p1: keyVersion ?? 0, p2: 0, data: hostChallenge, ne: 256 }
    return { hostChallenge, response: await exchange(command) }
  }
  let { hostChallenge, response } = await attempt(s16 === true ? 16 : 8)
  if (response.sw === 0x6700 && s16 === undefined) ({ hostChallenge, response } = await attempt(16))
  if (response.sw !== 0x9000) throw cardRefused('INITIALIZE UPDATE', response.sw)
  const answer = parseInitializeUpdateAnswer(response.data, hostChallenge.length === 16 ? 16 : 8)
  return { hostChallenge, answer }
}

function cardKeys(
  crypto: CryptoProvider,
  { keys, diversification }: OpenChannelOptions,
  { diversificationData }: InitializeUpdateAnswer,
): { keys: StaticKeys; wipe: () => void } {
  if (diversification === undefined) return { keys, wipe: () => {} }
  const diversified = diversifiedKeys(crypto, diversification, keys, diversificationData)
  return {
    keys: diversified,
    wipe() {
      for (const key of Object.values(diversified)) key.fill(0)
    },
  }
}

function notAuthentic(): TerminalError {
  return new TerminalError(
    'TERMINAL_GP_CARD_NOT_AUTHENTIC',
    'the card does not have these keys: wrong key, key version or diversification; trying on may block the card',
  )
}

function openScp02(
  crypto: CryptoProvider,
  keys: StaticKeys,
  hostChallenge: Uint8Array,
  { sequenceCounter, cardChallenge, cardCryptogram, keyVersion }: InitializeUpdateAnswer,
) {
  if (keys.enc.length !== 16 || keys.mac.length !== 16 || keys.dek.length !== 16 || sequenceCounter === undefined) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', 'SCP02 takes keys of 16 bytes')
  }
  const challenges = { hostChallenge, sequenceCounter, cardChallenge }
  const session = scp02SessionKeys(crypto, keys, sequenceCounter)
  if (!crypto.constantTimeEqual(scp02CardCryptogram(crypto, session.enc, challenges), cardCryptogram)) {
    throw notAuthentic()
  }
  const channel = new Scp02Channel(crypto, session, keyVersion)
  return { channel, hostCryptogram: scp02HostCryptogram(crypto, session.enc, challenges) }
}

function openScp03(
  crypto: CryptoProvider,
  keys: StaticKeys,
  hostChallenge: Uint8Array,
  { cardChallenge, cardCryptogram, keyVersion }: InitializeUpdateAnswer,
) {
  const context = concatBytes(hostChallenge, cardChallenge)
  const macBytes = hostChallenge.length === 16 ? 16 : 8
  const session = scp03SessionKeys(crypto, keys, context)
  if (!crypto.constantTimeEqual(scp03CardCryptogram(crypto, session.mac, context, macBytes), cardCryptogram)) {
    throw notAuthentic()
  }
  const channel = new Scp03Channel(crypto, {
    protocol: 'SCP03',
    keys: { ...session, dek: keys.dek.slice() },
    keyVersion,
    macBytes,
    chaining: new Uint8Array(16),
    level: securityLevels.cMac,
  })
  return { channel, hostCryptogram: scp03HostCryptogram(crypto, session.mac, context, macBytes) }
}
