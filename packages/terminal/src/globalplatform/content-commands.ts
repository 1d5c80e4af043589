import { ByteWriter, emitTlv, writeBerLength } from '@gridcard/bytes'
import type { CommandApdu } from '../command-apdu.ts'
import { lengthField } from './secure-channel.ts'

/** A command that changes what is on the card, before its token is added. */
export interface ContentCommand {
  /** As errors name it. */
  readonly what: string
  readonly ins: number
  readonly p1: number
  readonly p2: number
  readonly data: Uint8Array
}

const INS_INSTALL = 0xe6
const INS_DELETE = 0xe4
const NONE = new Uint8Array()

/** P1 of INSTALL. @source GPC 2.3.1 table 11-41 */
const FOR = {
  load: 0x02,
  install: 0x04,
  makeSelectable: 0x08,
  extradition: 0x10,
  personalization: 0x20,
  registryUpdate: 0x40,
} as const

function install(what: string, p1: number, fields: readonly Uint8Array[], parameters: Uint8Array): ContentCommand {
  const writer = new ByteWriter()
  for (const field of fields) writer.u8(field.length).bytes(field)
  writeBerLength(writer, parameters.length)
  writer.bytes(parameters)
  return { what: `INSTALL [for ${what}]`, ins: INS_INSTALL, p1, p2: 0, data: writer.toBytes() }
}

export interface LoadRequest {
  readonly loadFileAid: Uint8Array
  /** The domain it will belong to; empty: the one that loads. */
  readonly domainAid?: Uint8Array
  readonly hash?: Uint8Array
  /** EF and others, ready. */
  readonly parameters?: Uint8Array
}

export function installForLoad({ loadFileAid, domainAid, hash, parameters }: LoadRequest): ContentCommand {
  return install('load', FOR.load, [loadFileAid, domainAid ?? NONE, hash ?? NONE], parameters ?? NONE)
}

export interface InstallRequest {
  readonly loadFileAid: Uint8Array
  readonly moduleAid: Uint8Array
  readonly instanceAid: Uint8Array
  readonly privileges: Uint8Array
  /** What the applet gets: the value of C9. */
  readonly appletParameters?: Uint8Array
  /** System parameters (EF, EA and so on), ready, behind C9. */
  readonly systemParameters?: Uint8Array
  /** Default: true. */
  readonly makeSelectable?: boolean
}

export function installForInstall(request: InstallRequest): ContentCommand {
  const { loadFileAid, moduleAid, instanceAid, privileges, makeSelectable = true } = request
  const writer = new ByteWriter().bytes(emitTlv(0xc9, request.appletParameters ?? NONE))
  writer.bytes(request.systemParameters ?? NONE)
  return install(
    makeSelectable ? 'install and make selectable' : 'install',
    makeSelectable ? FOR.install | FOR.makeSelectable : FOR.install,
    [loadFileAid, moduleAid, instanceAid, privileges],
    writer.toBytes(),
  )
}

export function installForMakeSelectable(instanceAid: Uint8Array, privileges: Uint8Array): ContentCommand {
  return install('make selectable', FOR.makeSelectable, [NONE, NONE, instanceAid, privileges], NONE)
}

/** @param aid of an application or a load file; @param toDomain where it shall belong */
export function installForExtradition(aid: Uint8Array, toDomain: Uint8Array): ContentCommand {
  return install('extradition', FOR.extradition, [toDomain, NONE, aid, NONE], NONE)
}

export interface RegistryUpdateRequest {
  readonly aid: Uint8Array
  /** Also extradites it. */
  readonly toDomain?: Uint8Array
  readonly privileges?: Uint8Array
  readonly parameters?: Uint8Array
}

export function installForRegistryUpdate({ aid, toDomain, privileges, parameters }: RegistryUpdateRequest) {
  const fields = [toDomain ?? NONE, NONE, aid, privileges ?? NONE]
  return install('registry update', FOR.registryUpdate, fields, parameters ?? NONE)
}

/** Takes no token. */
export function installForPersonalization(aid: Uint8Array): ContentCommand {
  return install('personalization', FOR.personalization, [NONE, NONE, aid, NONE], NONE)
}

/** @param withInstances delete a load file's applications too */
export function deleteContent(aid: Uint8Array, withInstances: boolean): ContentCommand {
  return { what: 'DELETE', ins: INS_DELETE, p1: 0, p2: withInstances ? 0x80 : 0, data: emitTlv(0x4f, aid) }
}

/** P1, P2, length and data: what a token signs. @source GPC 2.3.1 §C.4 */
export function tokenInput({ p1, p2, data }: ContentCommand): Uint8Array {
  return new ByteWriter().u8(p1).u8(p2).bytes(lengthField(data.length)).bytes(data).toBytes()
}

/** The command with its token behind, or with the place of none. INSTALL has a length there, DELETE a tag 9E. */
export function withToken(command: ContentCommand, token: Uint8Array): CommandApdu {
  const { ins, p1, p2, data } = command
  const writer = new ByteWriter().bytes(data)
  if (ins === INS_DELETE) {
    if (token.length > 0) writer.bytes(emitTlv(0x9e, token))
  } else {
    writeBerLength(writer, token.length)
    writer.bytes(token)
  }
  return { cla: 0x80, ins, p1, p2, data: writer.toBytes(), ne: 256 }
}
