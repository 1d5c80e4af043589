import { fromHex } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { isCardRefusal } from '../meter-security-client.ts'
import { type KeyUse, MeteringClient } from '../metering/metering-client.ts'
import { partyCells } from '../metering/metering-messages.ts'
import type { CardKeys } from './card-keys.ts'
import { linePolicies } from './line-plan.ts'
import type { PartyPoints } from './party-points.ts'

/**
 * Identity, keys, parties and policies; key pairs made on the card; the end of personalisation.
 *
 * @param link through the secure channel of the applet's domain, the applet selected
 * @returns the card's points
 */
export async function personaliseMetering(
  link: CardLink,
  o: {
    readonly keys: CardKeys
    readonly root: Pick<PartyPoints, 'entity' | 'sign'>
    readonly owner: PartyPoints
    /** Who may order what; default: those of the line. */
    readonly policies?: typeof linePolicies
  },
): Promise<Readonly<Record<KeyUse, Uint8Array>>> {
  const { keys, root, owner, policies = linePolicies } = o
  const metering = new MeteringClient(link)
  await metering.setIdentity({
    systemTitle: fromHex(keys.systemTitle),
    deviceId: fromHex(keys.deviceId),
    tamperPolicy: ['alarm', 'lock', 'zeroise'],
  })
  for (const [slot, { peer, unicast, authentication }] of keys.slots.entries()) {
    await metering.putKeySlot(slot, {
      peerSystemTitle: fromHex(peer),
      unicastKey: fromHex(unicast),
      authenticationKey: fromHex(authentication),
    })
  }
  await metering.putKek(fromHex(keys.masterKey))
  await metering.putCredential(partyCells.root, { entity: root.entity, use: 'sign', publicKey: root.sign })
  for (const use of ['sign', 'agree'] as const) {
    await metering.putCredential(partyCells.supplier, { entity: owner.entity, use, publicKey: owner[use] })
  }
  for (const [commandClass, policy] of policies) await metering.putPolicy(commandClass, policy)
  const curve = keys.suite === 2 ? 2 : 1
  const points = { sign: await pointOf(metering, curve, 'sign'), agree: await pointOf(metering, curve, 'agree') }
  await metering.activate()
  return points
}

async function pointOf(metering: MeteringClient, curve: 1 | 2, use: KeyUse): Promise<Uint8Array> {
  const point = await metering.generateKeyPair(curve, use)
  if (!isCardRefusal(point)) return point
  throw new TerminalError('TERMINAL_CARD_REFUSED', 'the card refused to make a key pair', { sw: point.sw })
}
