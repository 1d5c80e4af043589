import { isSecureMessaging } from '../../runtime/cla.ts'
import type { Answer, DomainCommand, DomainContext } from '../context.ts'
import { GP_SW, refuse } from '../refusal.ts'
import { beginRMacSession, endRMacSession, externalAuthenticate, initializeUpdate } from './initiation.ts'
import { performSecurityOperation, scp11Authenticate } from './scp11.ts'

/** Commands of the secure channel protocols, for a domain itself or for an application that passes them on. */
export function openingCommand(context: DomainContext, command: DomainCommand): Answer {
  switch (command.ins) {
    case 0x50:
      return initializeUpdate(context, command)
    case 0x2a:
      return performSecurityOperation(context, command)
    // One INS, two commands: with secure messaging it ends what INITIALIZE UPDATE began, without it is SCP11's.
    case 0x82:
      return isSecureMessaging(command.cla)
        ? externalAuthenticate(context, command)
        : scp11Authenticate(context, command)
    case 0x88:
      return scp11Authenticate(context, command)
    case 0x7a:
      return beginRMacSession(context, withoutMac(context, command))
    case 0x78:
      return endRMacSession(context, withoutMac(context, command))
    default:
      return refuse(GP_SW.invalidInstruction)
  }
}

function withoutMac({ channel }: DomainContext, command: DomainCommand): DomainCommand {
  const data = channel.secureChannel?.unwrap(command) ?? refuse(GP_SW.securityStatus)
  return { ...command, data }
}
