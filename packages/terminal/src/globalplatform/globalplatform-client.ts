import { concatBytes, emitTlv, parseTlvs } from '@gridcard/bytes'
import type { CryptoProvider, HashName } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'
import type { CommandApdu } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import type { ResponseApdu } from '../response-apdu.ts'
import { badAnswer, find, readAnswer } from './answers.ts'
import { CardConnection, type CardCounters } from './card-connection.ts'
import {
  type CardCapabilities,
  type CardRecognitionData,
  type Cplc,
  type KeyInformation,
  parseCardCapabilities,
  parseCardRecognitionData,
  parseCplc,
  parseKeyInformation,
} from './card-data.ts'
import { cardRefused } from './card-refused.ts'
import { splitCertificates } from './certificate.ts'
import {
  type ContentCommand,
  deleteContent,
  type InstallRequest,
  installForExtradition,
  installForInstall,
  installForLoad,
  installForMakeSelectable,
  installForPersonalization,
  installForRegistryUpdate,
  type RegistryUpdateRequest,
  tokenInput,
  withToken,
} from './content-commands.ts'
import { type CardState, cardStates } from './life-cycle.ts'
import { type DapBlock, emitLoadFile, splitIntoBlocks } from './load-file.ts'
import { type OpenChannelOptions, openChannel } from './open-channel.ts'
import { type OpenScp11Options, openScp11 } from './open-scp11.ts'
import { emitKeys, type NewKey } from './put-key.ts'
import { parseReceipt, type Receipt, type ReceiptSubject, requireReceipt } from './receipts.ts'
import { parseRegistry, type RegistryEntry, type RegistryPart, registryParts } from './registry.ts'
import type { SecureChannel } from './secure-channel.ts'
import type { VerificationKey } from './signatures.ts'
import {
  parseUpgradeAnswer,
  type UpgradeAction,
  type UpgradeSession,
  upgradeActions,
  upgradeStartData,
} from './upgrade.ts'

export interface GlobalPlatformClientOptions {
  readonly crypto: CryptoProvider
  /**
   * Delegated management: gives the token over P1, P2, length and data of a command. Whoever has the issuer's key stands
   * behind it, perhaps elsewhere. Default: no token.
   */
  readonly tokenFor?: (input: Uint8Array, what: string) => Uint8Array | Promise<Uint8Array>
  /** With it a receipt is required for what the card does by token. */
  readonly receiptKey?: VerificationKey
}

export interface LoadOptions {
  readonly loadFileAid: Uint8Array
  /** The components of the CAP file in their order, as LOAD carries them. */
  readonly dataBlock: Uint8Array
  readonly domainAid?: Uint8Array
  /** Needed with tokens and DAP blocks. Default: none. */
  readonly hash?: HashName
  readonly dapBlocks?: readonly DapBlock[]
  readonly parameters?: Uint8Array
  /** Default: as much as the card and the channel take. */
  readonly blockBytes?: number
  /** After each block. */
  readonly progress?: (sentBytes: number, totalBytes: number) => void
}

/** What a selected security domain says of itself. */
export interface SelectedDomain {
  readonly aid: Uint8Array
  /** 9F65: most bytes of command data. */
  readonly largestCommandBytes: number | undefined
  readonly recognition: CardRecognitionData | undefined
}

const FULL_REGISTRY: readonly RegistryPart[] = ['issuerDomain', 'applications', 'loadFilesAndModules']

/**
 * The off-card entity of the GlobalPlatform Card Specification, for one card. One call at a time. A refusal of the card is
 * `TERMINAL_CARD_REFUSED` with `place.sw`; whatever breaks the secure channel closes it.
 */
export class GlobalPlatformClient {
  readonly #connection: CardConnection
  readonly #crypto: CryptoProvider
  readonly #options: GlobalPlatformClientOptions
  #channel: SecureChannel | undefined
  #selected: SelectedDomain | undefined

  constructor(link: CardLink, options: GlobalPlatformClientOptions) {
    this.#connection = new CardConnection(link)
    this.#crypto = options.crypto
    this.#options = options
  }

  get counters(): CardCounters {
    return this.#connection.counters
  }

  get channel(): Pick<SecureChannel, 'protocol' | 'keyVersion' | 'level'> | undefined {
    return this.#channel
  }

  // Selection and session

  /** @param aid default: what the card selects by itself, the issuer's domain as a rule */
  async select(aid: Uint8Array = new Uint8Array()): Promise<SelectedDomain> {
    this.close()
    const { data, sw } = await this.#connection.exchange({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: aid, ne: 256 })
    // 6283: the card is locked, and only its issuer's domain can be selected.
    if (sw !== 0x9000 && sw !== 0x6283) throw cardRefused('SELECT', sw)
    this.#selected = readAnswer('SELECT', () => selectedDomain(data, aid))
    return this.#selected
  }

  async open(options: OpenChannelOptions): Promise<void> {
    this.close()
    this.#channel = await openChannel(this.#crypto, (command) => this.#connection.exchange(command), options)
  }

  async openScp11(options: OpenScp11Options): Promise<void> {
    this.close()
    this.#channel = await openScp11(this.#crypto, (command) => this.#connection.exchange(command), options)
  }

  /** Forgets the session's keys. The card's side ends with the next SELECT or reset. */
  close(): void {
    this.#channel?.close()
    this.#channel = undefined
  }

  /** Any command, protected if a channel is open; refusals are values here. */
  async transmit(command: CommandApdu): Promise<ResponseApdu> {
    const channel = this.#channel
    if (channel === undefined) return this.#connection.exchange(command)
    try {
      return channel.unwrap(command, await this.#connection.exchange(channel.wrap(command)))
    } catch (error) {
      this.close()
      throw error
    }
  }

  async #require(what: string, command: CommandApdu): Promise<Uint8Array> {
    const { data, sw } = await this.transmit(command)
    if (sw !== 0x9000) throw cardRefused(what, sw)
    return data
  }

  // What the card says

  /** Undefined if the card has no such data. */
  async getData(tag: number, reference?: Uint8Array): Promise<Uint8Array | undefined> {
    const withReference = reference === undefined ? {} : { data: reference }
    const command = { cla: 0x80, ins: 0xca, p1: tag >>> 8, p2: tag & 0xff, ne: 256, ...withReference }
    const { data, sw } = await this.transmit(command)
    if (sw === 0x6a88 || sw === 0x6a80 || sw === 0x6a81 || sw === 0x6a86) return undefined
    if (sw !== 0x9000) throw cardRefused('GET DATA', sw)
    return data
  }

  async cardRecognitionData(): Promise<CardRecognitionData | undefined> {
    const data = await this.getData(0x0066)
    return data === undefined ? undefined : parseCardRecognitionData(data)
  }

  async cardCapabilities(): Promise<CardCapabilities | undefined> {
    const data = await this.getData(0x0067)
    return data === undefined ? undefined : parseCardCapabilities(data)
  }

  async keyInformation(): Promise<KeyInformation[] | undefined> {
    const data = await this.getData(0x00e0)
    return data === undefined ? undefined : parseKeyInformation(data)
  }

  async cplc(): Promise<Cplc | undefined> {
    const data = await this.getData(0x9f7f)
    return data === undefined ? undefined : parseCplc(data)
  }

  /** The certificates of a key for SCP11, the key's own last. They prove nothing before `verifyChain`. */
  async certificates(keyVersion: number, keyIdentifier: number): Promise<Uint8Array[]> {
    const reference = emitTlv(0xa6, emitTlv(0x83, Uint8Array.of(keyIdentifier, keyVersion)))
    const data = await this.getData(0xbf21, reference)
    return data === undefined ? [] : splitCertificates(data)
  }

  /** What is on the card, as far as this domain may know. */
  async registry(): Promise<RegistryEntry[]> {
    const entries: RegistryEntry[] = []
    for (const part of FULL_REGISTRY) entries.push(...(await this.status(part)))
    return entries
  }

  async status(part: RegistryPart, aid: Uint8Array = new Uint8Array()): Promise<RegistryEntry[]> {
    const command = { cla: 0x80, ins: 0xf2, p1: registryParts[part], data: emitTlv(0x4f, aid), ne: 256 }
    const parts: Uint8Array[] = []
    for (let p2 = 0x02; ; p2 = 0x03) {
      const { data, sw } = await this.transmit({ ...command, p2 })
      // A domain that may not ask about the issuer's, and a card without anything of the kind.
      if (sw === 0x6a88 || (part === 'issuerDomain' && sw === 0x6a86)) break
      if (sw !== 0x9000 && sw !== 0x6310) throw cardRefused('GET STATUS', sw)
      parts.push(data)
      if (sw === 0x9000) break
      if (data.length === 0) throw badAnswer('GET STATUS')
    }
    return parseRegistry(part, concatBytes(...parts))
  }

  // Content

  async #content(command: ContentCommand, subject?: ReceiptSubject): Promise<Receipt | undefined> {
    const token = await this.#options.tokenFor?.(tokenInput(command), command.what)
    const data = await this.#require(command.what, withToken(command, token ?? new Uint8Array()))
    return subject === undefined ? undefined : this.#receipt(data, token !== undefined, subject)
  }

  /** Checked if there is a key; required if there was a token too. */
  #receipt(data: Uint8Array, byToken: boolean, subject: ReceiptSubject): Receipt | undefined {
    const receipt = parseReceipt(data)
    const { receiptKey } = this.#options
    if (receiptKey !== undefined && (receipt !== undefined || byToken)) {
      requireReceipt(this.#crypto, receiptKey, receipt, subject)
    }
    return receipt
  }

  /** INSTALL [for load] and all LOADs. */
  async load(options: LoadOptions): Promise<Receipt | undefined> {
    const { loadFileAid, dataBlock, domainAid, hash, parameters } = options
    const request = installForLoad({
      loadFileAid,
      ...(domainAid !== undefined && { domainAid }),
      ...(hash !== undefined && { hash: this.#crypto.hash(hash, dataBlock) }),
      ...(parameters !== undefined && { parameters }),
    })
    await this.#content(request)
    const byToken = this.#options.tokenFor !== undefined
    const domain = domainAid ?? this.#selected?.aid ?? new Uint8Array()
    return this.#receipt(await this.#loadBlocks(options), byToken, { aids: [loadFileAid, domain] })
  }

  /** @returns the answer to the last block */
  async #loadBlocks({ dataBlock, dapBlocks, blockBytes, progress }: LoadOptions): Promise<Uint8Array> {
    const loadFile = emitLoadFile(dataBlock, dapBlocks)
    const blocks = splitIntoBlocks(loadFile, blockBytes ?? this.#largestDataBytes(loadFile.length))
    let sentBytes = 0
    let answer: Uint8Array = new Uint8Array()
    for (const [index, data] of blocks.entries()) {
      const p1 = index === blocks.length - 1 ? 0x80 : 0x00
      answer = await this.#require('LOAD', { cla: 0x80, ins: 0xe8, p1, p2: index, data, ne: 256 })
      sentBytes += data.length
      progress?.(sentBytes, loadFile.length)
    }
    return answer
  }

  /** Short commands, unless so much is to come that the card's longer ones are needed. */
  #largestDataBytes(totalBytes: number): number {
    const short = this.#channel?.largestDataBytes ?? 255
    const whole = this.#selected?.largestCommandBytes ?? 255
    // MAC and padding take at most 32 bytes.
    return totalBytes > 256 * short && whole > 255 ? Math.max(short, whole - 32) : short
  }

  async install(request: InstallRequest): Promise<Receipt | undefined> {
    return this.#content(installForInstall(request), { aids: [request.loadFileAid, request.instanceAid] })
  }

  /** @param loadFileAid only for the receipt */
  async makeSelectable(instanceAid: Uint8Array, privileges: Uint8Array, loadFileAid: Uint8Array): Promise<void> {
    await this.#content(installForMakeSelectable(instanceAid, privileges), { aids: [loadFileAid, instanceAid] })
  }

  async extradite(aid: Uint8Array, toDomain: Uint8Array): Promise<Receipt | undefined> {
    const from = this.#selected?.aid ?? new Uint8Array()
    return this.#content(installForExtradition(aid, toDomain), { aids: [from, aid, toDomain] })
  }

  async updateRegistry(request: RegistryUpdateRequest): Promise<Receipt | undefined> {
    const NONE = new Uint8Array()
    const from = request.toDomain === undefined ? NONE : (this.#selected?.aid ?? NONE)
    return this.#content(installForRegistryUpdate(request), {
      aids: [from, request.aid, request.toDomain ?? NONE],
      privileges: request.privileges ?? NONE,
      parameters: request.parameters ?? NONE,
    })
  }

  async delete(aid: Uint8Array, options: { readonly withInstances?: boolean } = {}): Promise<Receipt | undefined> {
    return this.#content(deleteContent(aid, options.withInstances ?? false), { aids: [aid] })
  }

  // Life cycle

  async setApplicationLocked(aid: Uint8Array, locked: boolean): Promise<void> {
    const p2 = locked ? 0x80 : 0x00
    await this.#require('SET STATUS', { cla: 0x80, ins: 0xf0, p1: 0x40, p2, data: aid })
  }

  /** A security domain and all that belongs to it. */
  async setDomainLocked(aid: Uint8Array, locked: boolean): Promise<void> {
    const p2 = locked ? 0x80 : 0x00
    await this.#require('SET STATUS', { cla: 0x80, ins: 0xf0, p1: 0x60, p2, data: aid })
  }

  /** TERMINATED cannot be taken back. */
  async setCardState(state: CardState): Promise<void> {
    const data = this.#selected?.aid ?? new Uint8Array()
    await this.#require('SET STATUS', { cla: 0x80, ins: 0xf0, p1: 0x80, p2: cardStates[state], data })
  }

  // Keys and data

  /**
   * PUT KEY: the keys get identifiers from `firstIdentifier` on.
   *
   * @param version 1 to 127; the first ones of a domain take the place of those it came with (version 255)
   * @param replaces key version that goes, 1 to 127; 0, the default: none, the keys are added
   * @throws TerminalError `TERMINAL_GP_KEY_CHECK`: the card answers with other check values than those of the keys
   */
  async putKeys(
    version: number,
    keys: readonly NewKey[],
    { replaces = 0, firstIdentifier = 1 }: { readonly replaces?: number; readonly firstIdentifier?: number } = {},
  ): Promise<void> {
    // Bit 8 of P1 says that more commands come.
    if (!(version >= 1 && version <= 127 && replaces >= 0 && replaces <= 127)) {
      throw new TerminalError('TERMINAL_GP_BAD_INPUT', 'key versions are 1 to 127')
    }
    const channel = this.#channel
    if (channel === undefined) throw new TerminalError('TERMINAL_GP_CHANNEL_CLOSED', 'keys need an open secure channel')
    const { data, checkValues } = emitKeys(this.#crypto, channel, version, keys)
    const p2 = firstIdentifier | (keys.length > 1 ? 0x80 : 0)
    const answer = await this.#require('PUT KEY', { cla: 0x80, ins: 0xd8, p1: replaces, p2, data, ne: 256 })
    const expected = concatBytes(Uint8Array.of(version), checkValues)
    if (answer.length > 0 && !this.#crypto.constantTimeEqual(answer, expected)) {
      throw new TerminalError('TERMINAL_GP_KEY_CHECK', 'the card stored other keys than those that were sent')
    }
  }

  /** One key of all versions, all keys of a version, or one of one. */
  async deleteKey(which: { readonly identifier?: number; readonly version?: number }): Promise<void> {
    const { identifier, version } = which
    const data = concatBytes(
      identifier === undefined ? new Uint8Array() : emitTlv(0xd0, Uint8Array.of(identifier)),
      version === undefined ? new Uint8Array() : emitTlv(0xd2, Uint8Array.of(version)),
    )
    await this.#require('DELETE [key]', { cla: 0x80, ins: 0xe4, p1: 0, p2: 0, data, ne: 256 })
  }

  /**
   * STORE DATA, one command for each block. `p1` has what the blocks are, without the bit of the last block: 00 nothing
   * said, 08 DGI, 10 BER-TLV, with 60 encrypted DGIs.
   *
   * @returns the answers
   */
  async storeData(blocks: readonly Uint8Array[], p1 = 0): Promise<Uint8Array[]> {
    if (blocks.length === 0 || blocks.length > 256) {
      throw new TerminalError('TERMINAL_GP_BAD_INPUT', `STORE DATA takes 1 to 256 blocks, not ${blocks.length}`)
    }
    const answers: Uint8Array[] = []
    for (const [index, data] of blocks.entries()) {
      const last = index === blocks.length - 1 ? 0x80 : 0x00
      const command = { cla: 0x80, ins: 0xe2, p1: (p1 & 0x7f) | last, p2: index, data, ne: 256 }
      answers.push(await this.#require('STORE DATA', command))
    }
    return answers
  }

  /** INSTALL [for personalization], then STORE DATA for that application. */
  async personalize(aid: Uint8Array, blocks: readonly Uint8Array[], p1 = 0): Promise<Uint8Array[]> {
    const { what, ...command } = installForPersonalization(aid)
    await this.#require(what, withToken({ what, ...command }, new Uint8Array()))
    return this.storeData(blocks, p1)
  }

  // Upgrade

  async manageUpgrade(action: UpgradeAction, loadFileAid?: Uint8Array): Promise<UpgradeSession> {
    const data = loadFileAid === undefined ? {} : { data: upgradeStartData(loadFileAid) }
    const command = { cla: 0x80, ins: 0xea, p1: upgradeActions[action], p2: 0, ...data, ne: 256 }
    return parseUpgradeAnswer(await this.#require(`MANAGE ELF UPGRADE [${action}]`, command))
  }

  /**
   * Amendment H: a new version of a load file; its instances keep their data. What was interrupted goes on with
   * `manageUpgrade('resume')`.
   */
  async upgrade(options: LoadOptions): Promise<UpgradeSession> {
    const started = await this.manageUpgrade('start', options.loadFileAid)
    if (started.state !== 0x02) return started
    await this.load(options)
    const { state, ...session } = await this.manageUpgrade('status')
    return state === 0x03 ? this.manageUpgrade('resume') : { state, ...session }
  }
}

function selectedDomain(data: Uint8Array, asked: Uint8Array): SelectedDomain {
  const template = data.length === 0 ? [] : parseTlvs(find(parseTlvs(data), 0x6f) ?? new Uint8Array())
  const proprietary = parseTlvs(find(template, 0xa5) ?? new Uint8Array())
  const length = find(proprietary, 0x9f65)
  const recognition = find(proprietary, 0x73)
  return {
    aid: find(template, 0x84) ?? asked,
    largestCommandBytes: length?.reduce((value, byte) => value * 256 + byte, 0),
    recognition: recognition === undefined ? undefined : parseCardRecognitionData(emitTlv(0x73, recognition)),
  }
}
