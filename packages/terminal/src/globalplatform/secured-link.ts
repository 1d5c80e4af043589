import { ByteWriter } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { parseCommand } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import type { GlobalPlatformClient } from './globalplatform-client.ts'

/**
 * The card behind an open secure channel, for clients that know nothing of channels: their commands are protected, answers
 * checked and opened. The channel is the application's that the client selected; SELECT and a reset would end it, so they
 * are no part of this link.
 */
export function securedLink(client: Pick<GlobalPlatformClient, 'transmit' | 'channel' | 'close'>): CardLink {
  const closed = () => new TerminalError('TERMINAL_GP_CHANNEL_CLOSED', 'the secure channel is closed; open another one')
  return {
    powerOn: async () => {
      throw closed()
    },
    transmit: async (command) => {
      if (client.channel === undefined) throw closed()
      const { data, sw } = await client.transmit(parseCommand(command))
      return new ByteWriter().bytes(data).u16(sw).toBytes()
    },
    powerOff: async () => client.close(),
  }
}
