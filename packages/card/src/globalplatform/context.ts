import type { CryptoProvider } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { DomainEntry } from './content-entries.ts'
import type { Application, ContentRegistry } from './content-registry.ts'
import type { ChannelState, GlobalPlatform } from './globalplatform.ts'
import { hasPrivilege, type PrivilegeName } from './privileges.ts'

/** A command in clear, its secure messaging taken off. */
export interface DomainCommand {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
}

export interface Answer {
  readonly data: Uint8Array
  readonly statusWord: number
}

const NOTHING = new Uint8Array()

export const OK: Answer = { data: NOTHING, statusWord: 0x9000 }
/** "No additional data": what content management answers when there is no receipt. */
export const OK_00: Answer = { data: Uint8Array.of(0), statusWord: 0x9000 }

export function answer(data: Uint8Array, statusWord = 0x9000): Answer {
  return { data, statusWord }
}

/** A security domain at work on a command. */
export class DomainContext {
  readonly gp: GlobalPlatform
  /** Owner of the domain. */
  readonly owner: number
  /** Owner of the application whose secure channel it is: the domain itself, or one associated with it. */
  readonly application: number
  readonly channelNumber: number
  readonly channel: ChannelState

  constructor(gp: GlobalPlatform, owner: number, channelNumber: number, application = owner) {
    this.gp = gp
    this.owner = owner
    this.application = application
    this.channelNumber = channelNumber
    this.channel = gp.channel(channelNumber)
  }

  get jcre(): Jcre {
    return this.gp.jcre
  }

  get crypto(): CryptoProvider {
    return this.gp.jcre.crypto
  }

  get registry(): ContentRegistry {
    return this.gp.registry
  }

  get self(): Application {
    return this.registry.requireApplication(this.owner)
  }

  get domain(): DomainEntry {
    return this.registry.domain(this.owner)
  }

  get isIssuer(): boolean {
    return this.registry.card.issuer === this.owner
  }

  has(name: PrivilegeName): boolean {
    return hasPrivilege(this.self.entry.privileges, name)
  }
}
