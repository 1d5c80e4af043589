import { concatBytes } from '@gridcard/bytes'
import { DomainContext } from '../../globalplatform/context.ts'
import { Refusal } from '../../globalplatform/refusal.ts'
import { SECURITY_LEVEL } from '../../globalplatform/secure-channel/channel-cipher.ts'
import { openingCommand } from '../../globalplatform/secure-channel/opening-command.ts'
import type { SecureChannelSession } from '../../globalplatform/secure-channel/session.ts'
import { isSecureMessaging } from '../../runtime/cla.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { byteAt, byteRange, bytesOf, handleAt, type JcreMethod, natives, putResult, shortAt } from '../native-call.ts'
import { failIso, requireGlobalPlatform } from './entry-points.ts'

/**
 * org.globalplatform.SecureChannel, SecureChannelx, SecureChannelx2: the services of the security domain that the calling
 * application is associated with, on the channel of the command. One object for all.
 */
export const SECURE_CHANNEL_CLASS = 'gridcard/globalplatform/SecureChannel'
const DATA_OFFSET = 5
const SCP11 = 0x11
const SW = { conditions: 0x6985, security: 0x6982, wrongLength: 0x6700 } as const

/** The calling application's domain at work for it. */
function contextOf(jcre: Jcre): DomainContext {
  const gp = requireGlobalPlatform(jcre)
  const { owner } = jcre.machine
  const application = gp.registry.application(owner) ?? failIso(jcre, SW.conditions)
  return new DomainContext(gp, application.entry.domain, jcre.assignedChannel, owner)
}

/** A session of the caller, or of its domain, which forwards commands to it. */
function sessionOf(jcre: Jcre): SecureChannelSession | undefined {
  const { channel, application, owner } = contextOf(jcre)
  const session = channel.secureChannel
  return session !== undefined && [application, owner].includes(session.application) ? session : undefined
}

function requireOpen(jcre: Jcre): SecureChannelSession {
  const session = sessionOf(jcre)
  return session !== undefined && session.level !== SECURITY_LEVEL.none ? session : failIso(jcre, SW.conditions)
}

/** Runs a command of the protocol; counters must not hang on a transaction of the caller. */
function open(jcre: Jcre, command: { cla: number; ins: number; p1: number; p2: number; data: Uint8Array }): Uint8Array {
  if (jcre.memory.inTransaction) failIso(jcre, SW.conditions)
  try {
    return openingCommand(contextOf(jcre), command).data
  } catch (error) {
    if (error instanceof Refusal) return failIso(jcre, error.statusWord)
    throw error
  }
}

/** processSecurity(APDU): data of the answer go where those of the command stood. */
const processSecurity: JcreMethod = (jcre) => {
  const { apdu } = jcre
  if (apdu === undefined) return failIso(jcre, SW.conditions)
  const { cla, ins, p1, p2, data } = apdu.command
  apdu.receivedBytes = data.length
  const response = open(jcre, { cla, ins, p1, p2, data })
  jcre.apduBuffer.set(response, DATA_OFFSET)
  return response.length
}

/** The same for bytes in any buffer. */
const processSecurityBytes: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at + 1)
  const bytes = bytesOf(jcre, buffer, shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (bytes.length < DATA_OFFSET) failIso(jcre, SW.wrongLength)
  const [cla, ins, p1, p2] = bytes as unknown as [number, number, number, number]
  const response = open(jcre, { cla, ins, p1, p2, data: bytes.slice(DATA_OFFSET) })
  putResult(jcre, byteRange(jcre, buffer, shortAt(jcre, at + 4), response.length), response)
  return response.length
}

/** Takes secure messaging off the command in the buffer; its length and class byte change with it. */
const unwrap: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at + 1)
  const offset = shortAt(jcre, at + 2)
  const command = bytesOf(jcre, buffer, offset, shortAt(jcre, at + 3))
  if (command.length < DATA_OFFSET) failIso(jcre, SW.wrongLength)
  const [cla, ins, p1, p2] = command as unknown as [number, number, number, number]
  const session = sessionOf(jcre)
  if (session?.isAborted) failIso(jcre, SW.security)
  if (session === undefined || session.level === SECURITY_LEVEL.none) {
    if (isSecureMessaging(cla)) failIso(jcre, SW.security)
    return command.length
  }
  const data = session.unwrap({ cla, ins, p1, p2, data: command.slice(DATA_OFFSET) }) ?? failIso(jcre, SW.security)
  const plainClass = cla & (cla & 0x40 ? ~0x20 : ~0x0c)
  const plain = concatBytes(Uint8Array.of(plainClass, ins, p1, p2, data.length), data)
  putResult(jcre, byteRange(jcre, buffer, offset, plain.length), plain)
  return plain.length
}

/** Response data with the status bytes behind them become response data with R-MAC: the status leaves by itself. */
const wrap: JcreMethod = (jcre, at) => {
  const buffer = handleAt(jcre, at + 1)
  const offset = shortAt(jcre, at + 2)
  const length = shortAt(jcre, at + 3)
  const bytes = bytesOf(jcre, buffer, offset, length)
  const session = sessionOf(jcre)
  if (session === undefined || (session.level & SECURITY_LEVEL.rMac) === 0) return length
  if (length < 2) failIso(jcre, SW.wrongLength)
  const status = (bytes[length - 2]! << 8) | bytes[length - 1]!
  const wrapped = session.wrap(bytes.slice(0, -2), status)
  putResult(jcre, byteRange(jcre, buffer, offset, wrapped.length), wrapped)
  return wrapped.length
}

function sensitive(act: (session: SecureChannelSession, blocks: Uint8Array) => Uint8Array): JcreMethod {
  return (jcre, at) => {
    const length = shortAt(jcre, at + 3)
    const address = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    const session = requireOpen(jcre)
    if (length === 0 || length % session.sensitiveBlockBytes !== 0) failIso(jcre, SW.wrongLength)
    putResult(jcre, address, act(session, jcre.memory.u8.slice(address, address + length)))
    return length
  }
}

export const secureChannelImplementation: NativeImplementation = {
  id: 62,
  name: SECURE_CHANNEL_CLASS,
  interfaces: ['org/globalplatform/SecureChannelx', 'org/globalplatform/SecureChannelx2'],
  hiddenBytes: 2,
  hiddenReferences: [],
  methods: natives({
    'processSecurity(Ljavacard/framework/APDU;)S': processSecurity,
    'wrap([BSS)S': wrap,
    'unwrap([BSS)S': unwrap,
    'decryptData([BSS)S': sensitive((session, blocks) => session.decryptSensitive(blocks)),
    'encryptData([BSS)S': sensitive((session, blocks) => session.encryptSensitive(blocks)),
    'resetSecurity()V': (jcre) => {
      const { channel } = contextOf(jcre)
      if (sessionOf(jcre) === undefined) return 0
      channel.secureChannel?.close()
      channel.secureChannel = undefined
      return 0
    },
    'getSecurityLevel()B': (jcre) => sessionOf(jcre)?.level ?? SECURITY_LEVEL.none,
    'setSecurityLevel(B)V': (jcre, at) => {
      const session = requireOpen(jcre)
      // @source GPC Amd F 1.4 §4.7
      if (session.protocol === SCP11) failIso(jcre, SW.security)
      return session.setLevel(byteAt(jcre, at + 1) & 0xff) ? 0 : failIso(jcre, SW.conditions)
    },
    'processSecurity([BSSS)S': processSecurityBytes,
  }),
}
