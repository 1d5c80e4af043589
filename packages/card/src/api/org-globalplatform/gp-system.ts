import {
  applicationState,
  lockCard,
  setApplicationState,
  terminateCard,
} from '../../globalplatform/application-requests.ts'
import { withObject } from '../../globalplatform/content-entries.ts'
import { HISTORICAL_BYTES_TAG, historicalBytes, MOST_HISTORICAL_BYTES } from '../../globalplatform/historical-bytes.ts'
import { aidBytes } from '../javacard-framework/aid.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  type JcreMethod,
  putResult,
  requireObject,
  shortAt,
} from '../native-call.ts'
import { CVM_CLASS } from './cvm.ts'
import { entryPoint, failIso, requireGlobalPlatform } from './entry-points.ts'
import { findService } from './global-service.ts'
import { REGISTRY_ENTRY_CLASS, registryEntryOf } from './gp-registry-entry.ts'
import { SECURE_CHANNEL_CLASS } from './secure-channel.ts'

/** org.globalplatform.GPSystem. @source GPC 2.3.1 annex A; API org.globalplatform 1.7 */

const CARD_INFO_HISTORICAL_BYTES = 128
const NOT_SUPPORTED = 0x6a81
const CONDITIONS = 0x6985

const setATRHistBytes: JcreMethod = (jcre, at) => {
  const gp = requireGlobalPlatform(jcre)
  const length = byteAt(jcre, at + 2)
  const bytes = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), length)
  const isAllowed = gp.registry.hasPrivilege(jcre.machine.owner, 'cardReset')
  if (!isAllowed || length > MOST_HISTORICAL_BYTES) return 0
  const { card } = gp.registry
  // An empty object would be none: then the profile's own bytes are back.
  gp.registry.saveCard({ ...card, objects: withObject(card.objects, HISTORICAL_BYTES_TAG, bytes) })
  return 1
}

/** Another application's entry only with Global Registry; null for none. */
const getRegistryEntry: JcreMethod = (jcre, at) => {
  const gp = requireGlobalPlatform(jcre)
  const { owner } = jcre.machine
  const handle = handleAt(jcre, at)
  if (handle !== 0) requireObject(jcre, handle, 'javacard/framework/AID')
  const applet = handle === 0 ? jcre.registry.ownedBy(owner) : jcre.registry.find(aidBytes(jcre, handle))
  if (applet === undefined) return handle === 0 ? failIso(jcre, CONDITIONS) : 0
  if (applet.owner !== owner && !gp.registry.hasPrivilege(owner, 'globalRegistry')) return 0
  return entryPoint(jcre, REGISTRY_ENTRY_CLASS, registryEntryOf(applet.aid))
}

function cardInfo(...[jcre, info]: [Parameters<JcreMethod>[0], number]): Uint8Array {
  const gp = requireGlobalPlatform(jcre)
  if (info !== CARD_INFO_HISTORICAL_BYTES) return failIso(jcre, NOT_SUPPORTED)
  return historicalBytes(gp.answerToReset(jcre.profile.atr))
}

export const gpSystemMethods: Readonly<Record<string, JcreMethod>> = {
  'GPSystem.<init>()V': () => 0,
  'GPSystem.getCardContentState()B': (jcre) => applicationState(requireGlobalPlatform(jcre), jcre.machine.owner),
  'GPSystem.getCardState()B': (jcre) => requireGlobalPlatform(jcre).cardState,
  'GPSystem.getCVM(B)Lorg/globalplatform/CVM;': (jcre, at) => {
    const index = requireGlobalPlatform(jcre).cvm.indexOf(byteAt(jcre, at) & 0xff)
    return index === undefined ? 0 : entryPoint(jcre, CVM_CLASS, Uint8Array.of(index, 1))
  },
  'GPSystem.getSecureChannel()Lorg/globalplatform/SecureChannel;': (jcre) => {
    requireGlobalPlatform(jcre)
    // Before register() there is no application that could have one.
    if (jcre.registry.ownedBy(jcre.machine.owner) === undefined) failIso(jcre, CONDITIONS)
    return entryPoint(jcre, SECURE_CHANNEL_CLASS, Uint8Array.of(1, 0))
  },
  'GPSystem.lockCard()Z': (jcre) => (lockCard(requireGlobalPlatform(jcre), jcre.machine.owner) ? 1 : 0),
  'GPSystem.terminateCard()Z': (jcre) => (terminateCard(requireGlobalPlatform(jcre), jcre.machine.owner) ? 1 : 0),
  'GPSystem.setATRHistBytes([BSB)Z': setATRHistBytes,
  'GPSystem.setCardContentState(B)Z': (jcre, at) => {
    const { owner } = jcre.machine
    return setApplicationState(requireGlobalPlatform(jcre), { by: owner, of: owner, state: byteAt(jcre, at) & 0xff })
      ? 1
      : 0
  },
  'GPSystem.getRegistryEntry(Ljavacard/framework/AID;)Lorg/globalplatform/GPRegistryEntry;': getRegistryEntry,
  'GPSystem.getService(Ljavacard/framework/AID;S)Lorg/globalplatform/GlobalService;': findService,
  'GPSystem.getCardInfo([BSS)S': (jcre, at) => {
    const info = cardInfo(jcre, shortAt(jcre, at + 2))
    const offset = shortAt(jcre, at + 1)
    putResult(jcre, byteRange(jcre, handleAt(jcre, at), offset, info.length), info)
    return offset + info.length
  },
  'GPSystem.getCardInfoLength(S)S': (jcre, at) => cardInfo(jcre, shortAt(jcre, at)).length,
}
