import {
  type IotSafeAccess,
  type IotSafeDerivation,
  type IotSafeFileUsage,
  type IotSafeFunction,
  type IotSafeHash,
  type IotSafeKeyType,
  type IotSafeKeyUsage,
  type IotSafeKind,
  iotSafeAccess,
  iotSafeDerivations,
  iotSafeFileUsages,
  iotSafeFunctions,
  iotSafeHashes,
  iotSafeKeyTypes,
  iotSafeKeyUsages,
  iotSafeKinds,
  iotSafeTags,
  namesOf,
} from './iot-safe-codes.ts'
import { badAnswer, type IotSafeTlv, parseIotSafeTlvs, requireTlv } from './iot-safe-tlv.ts'

/** What the application says of itself. @source GSMA IoT.05, GET DATA (application) */
export interface IotSafeApplication {
  readonly version: number
  readonly appletId: Uint8Array
  readonly most: Readonly<Record<IotSafeKind, number>>
  readonly functions: readonly IotSafeFunction[]
  readonly hashes: readonly IotSafeHash[]
  readonly derivations: readonly IotSafeDerivation[]
  readonly sessions: number
}

/** The information structure of an object. What its kind does not have is absent. */
export interface IotSafeObject {
  readonly kind: IotSafeKind
  readonly id: Uint8Array
  readonly label?: Uint8Array
  readonly access: readonly IotSafeAccess[]
  /** Filled; a volatile key is not after a reset. */
  readonly isActive: boolean
  readonly keyType?: IotSafeKeyType
  readonly keyUsage?: IotSafeKeyUsage
  readonly functions?: readonly IotSafeFunction[]
  readonly hashes?: readonly IotSafeHash[]
  readonly derivations?: readonly IotSafeDerivation[]
  readonly fileUsage?: IotSafeFileUsage
  readonly sizeBytes?: number
}

const numberOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum * 256 + byte, 0)

function nameOf<T extends string>(table: Readonly<Record<T, number>>, value: number): T {
  const found = (Object.keys(table) as T[]).find((name) => table[name] === value)
  if (found === undefined)
    throw badAnswer(`there is no value ${value.toString(16)} in ${Object.keys(table).join(', ')}`)
  return found
}

/** @throws TerminalError `TERMINAL_BAD_RESPONSE` */
export function parseIotSafeApplication(bytes: Uint8Array): IotSafeApplication {
  const tlvs = parseIotSafeTlvs(bytes)
  const byte = (tag: number): number => numberOf(requireTlv(tlvs, tag))
  return {
    version: byte(iotSafeTags.version),
    appletId: requireTlv(tlvs, iotSafeTags.appletId),
    most: {
      file: byte(iotSafeTags.mostFiles),
      privateKey: byte(iotSafeTags.mostPrivateKeys),
      publicKey: byte(iotSafeTags.mostPublicKeys),
      secretKey: byte(iotSafeTags.mostSecretKeys),
    },
    functions: namesOf(iotSafeFunctions, byte(iotSafeTags.cryptographicFunctions)),
    hashes: namesOf(iotSafeHashes, byte(iotSafeTags.hash)),
    derivations: namesOf(iotSafeDerivations, byte(iotSafeTags.derivation)),
    sessions: byte(iotSafeTags.sessions),
  }
}

/** @throws TerminalError `TERMINAL_BAD_RESPONSE` */
export function parseIotSafeObject({ tag, value }: IotSafeTlv): IotSafeObject {
  const kind = (Object.keys(iotSafeKinds) as IotSafeKind[]).find((one) => iotSafeKinds[one].structure === tag)
  if (kind === undefined) throw badAnswer(`${tag.toString(16)} is no object`)
  const tlvs = parseIotSafeTlvs(value)
  const find = (wanted: number): number | undefined => {
    const found = tlvs.find((one) => one.tag === wanted)
    return found && numberOf(found.value)
  }
  const label = tlvs.find((one) => one.tag === iotSafeKinds[kind].label)?.value
  const [type, usage, functions] = [find(iotSafeTags.keyType), find(iotSafeTags.keyUsage), find(iotSafeTags.functions)]
  const [hashes, derivations] = [find(iotSafeTags.hash), find(iotSafeTags.derivation)]
  const [fileUsage, sizeBytes] = [find(iotSafeTags.fileUsage), find(iotSafeTags.fileSize)]
  return {
    kind,
    id: requireTlv(tlvs, iotSafeKinds[kind].id),
    ...(label && { label }),
    access: namesOf(iotSafeAccess, numberOf(requireTlv(tlvs, iotSafeTags.access))),
    isActive: numberOf(requireTlv(tlvs, iotSafeTags.state)) === 1,
    ...(type !== undefined && { keyType: nameOf(iotSafeKeyTypes, type) }),
    ...(usage !== undefined && { keyUsage: nameOf(iotSafeKeyUsages, usage) }),
    ...(functions !== undefined && { functions: namesOf(iotSafeFunctions, functions) }),
    ...(hashes !== undefined && { hashes: namesOf(iotSafeHashes, hashes) }),
    ...(derivations !== undefined && { derivations: namesOf(iotSafeDerivations, derivations) }),
    ...(fileUsage !== undefined && { fileUsage: nameOf(iotSafeFileUsages, fileUsage) }),
    ...(sizeBytes !== undefined && { sizeBytes }),
  }
}
