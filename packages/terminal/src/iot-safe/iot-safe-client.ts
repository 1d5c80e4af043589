import { ByteWriter, concatBytes } from '@gridcard/bytes'
import type { CardLink } from '../card-link.ts'
import { type CommandApdu, emitCommand } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'
import { type CardRefusal, isCardRefusal } from '../meter-security-client.ts'
import { parseResponse, type ResponseApdu } from '../response-apdu.ts'
import { describeStatusWord, isSuccess } from '../status-words.ts'
import {
  ecdsaAlgorithm,
  iotSafeInstructions as INS,
  type IotSafeHash,
  type IotSafeKind,
  iotSafeAid,
  iotSafeHashes,
  iotSafeKinds,
  iotSafeModes,
  iotSafeStatusWords,
  iotSafeTags as TAG,
} from './iot-safe-codes.ts'
import {
  type IotSafeApplication,
  type IotSafeObject,
  parseIotSafeApplication,
  parseIotSafeObject,
} from './iot-safe-objects.ts'
import { emitIotSafePublicKey, parseIotSafePublicKey } from './iot-safe-public-key.ts'
import { badAnswer, emitIotSafeTlv, emitIotSafeTlvs, parseIotSafeTlvs, requireTlv } from './iot-safe-tlv.ts'

/** An object of the store, by its id or by its label. */
export type IotSafeReference = { readonly id: Uint8Array } | { readonly label: Uint8Array }

/**
 * What is signed: a text of any length that the card hashes; the rest of one of which the host has hashed whole blocks
 * (`state` is the chaining value after `byteCount` bytes); or a digest.
 */
export type IotSafeMessage =
  | { readonly text: Uint8Array }
  | { readonly lastBlock: Uint8Array; readonly state: Uint8Array; readonly byteCount: number }
  | { readonly digest: Uint8Array }

/** What COMPUTE PRF works on: a secret of the host, a stored key, or a stored key with a shared secret. */
export type IotSafePrfSecret =
  | { readonly secret: Uint8Array }
  | { readonly key: IotSafeReference; readonly premaster?: Uint8Array }

export interface IotSafeClientOptions {
  /** Default: A0000005590010. */
  readonly aid?: Uint8Array
  /** The logical channel: 0 to 3, open already. Default: 0. */
  readonly channel?: number
}

const MOST_DATA_BYTES = 255
const LAST = 0x80
const MOST_TEXT_TLV_BYTES = 0x7fff

/**
 * Typed calls to an IoT SAFE applet on some card: ours, or any other of GSMA IoT.05. What the card refuses is a value;
 * answers that cannot be read are errors. One call at a time: the caller keeps them apart.
 */
export class IotSafeClient {
  readonly #link: CardLink
  readonly #aid: Uint8Array
  readonly #channel: number

  constructor(link: CardLink, { aid = iotSafeAid, channel = 0 }: IotSafeClientOptions = {}) {
    this.#link = link
    this.#aid = aid
    this.#channel = channel
  }

  /** @throws TerminalError `TERMINAL_CARD_REFUSED`, the status word in `place.sw` */
  async select(): Promise<void> {
    const command = { cla: this.#channel, ins: 0xa4, p1: 4, p2: 0, data: this.#aid, ne: 256 }
    const { sw } = parseResponse(await this.#link.transmit(emitCommand(command)))
    if (!isSuccess(sw)) {
      throw new TerminalError('TERMINAL_CARD_REFUSED', `the card refused SELECT: ${describeStatusWord(sw)}`, { sw })
    }
  }

  async #exchange(ins: number, p1: number, p2: number, data?: Uint8Array, ne?: number): Promise<ResponseApdu> {
    const command = {
      cla: 0x80 | this.#channel,
      ins,
      p1,
      p2,
      ...(data && data.length > 0 && { data }),
      ...(ne !== undefined && { ne }),
    }
    const response = await this.#transmit(command)
    const shorter = response.sw & 0xff || 256
    // What T=0 makes of answers: they are fetched, or asked for again with their length.
    if (response.sw >> 8 === 0x61) return this.#transmit({ cla: this.#channel, ins: 0xc0, p1: 0, p2: 0, ne: shorter })
    return response.sw >> 8 === 0x6c && ne !== undefined ? this.#transmit({ ...command, ne: shorter }) : response
  }

  async #transmit(command: CommandApdu): Promise<ResponseApdu> {
    const bytes = emitCommand(command)
    try {
      return parseResponse(await this.#link.transmit(bytes))
    } finally {
      bytes.fill(0)
    }
  }

  async #send(ins: number, p1: number, p2: number, data?: Uint8Array, ne?: number): Promise<Uint8Array | CardRefusal> {
    const { data: answer, sw } = await this.#exchange(ins, p1, p2, data, ne)
    return isSuccess(sw) ? answer : { sw }
  }

  async #do(ins: number, p1: number, p2: number, data?: Uint8Array): Promise<{ readonly ok: true } | CardRefusal> {
    const answer = await this.#send(ins, p1, p2, data)
    return isCardRefusal(answer) ? answer : { ok: true }
  }

  // ---- what there is

  /** @param lengthBytes 1 to 256 */
  random(lengthBytes: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.GET_RANDOM, 0, 0, undefined, lengthBytes)
  }

  async application(): Promise<IotSafeApplication | CardRefusal> {
    const answer = await this.#send(INS.GET_DATA, 0x00, 0, undefined, 256)
    return isCardRefusal(answer) ? answer : parseIotSafeApplication(answer)
  }

  /** All objects of the store; a long list comes in parts. */
  async objects(): Promise<IotSafeObject[] | CardRefusal> {
    const parts: Uint8Array[] = []
    for (let p2 = 0; ; p2 = 1) {
      const { data, sw } = await this.#exchange(INS.GET_DATA, 0x01, p2, undefined, 256)
      if (!isSuccess(sw) && sw !== iotSafeStatusWords.moreData) return { sw }
      parts.push(data)
      if (isSuccess(sw)) break
      if (data.length === 0 || parts.length > 256) throw badAnswer('the object list has no end')
    }
    return parseIotSafeTlvs(concatBytes(...parts)).map(parseIotSafeObject)
  }

  async object(kind: IotSafeKind, reference: IotSafeReference): Promise<IotSafeObject | CardRefusal> {
    const answer = await this.#send(INS.GET_DATA, iotSafeKinds[kind].structure, 0, referenceTlv(kind, reference), 256)
    if (isCardRefusal(answer)) return answer
    const [found] = parseIotSafeTlvs(answer)
    if (found === undefined) throw badAnswer('an object has no structure')
    return parseIotSafeObject(found)
  }

  /** A whole file: as long as the card says that it is. */
  async readFile(reference: IotSafeReference): Promise<Uint8Array | CardRefusal> {
    const file = await this.object('file', reference)
    if (isCardRefusal(file)) return file
    const size = file.sizeBytes ?? 0
    const content = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const part = await this.readFilePart(reference, at)
      if (isCardRefusal(part)) return part
      if (part.length === 0 || at + part.length > size) throw badAnswer('a file is not as long as it is said to be')
      content.set(part, at)
      at += part.length
    }
    return content
  }

  /** What one READ FILE gives from an offset on; nothing at the end. */
  readFilePart(reference: IotSafeReference, offsetBytes: number): Promise<Uint8Array | CardRefusal> {
    return this.#send(INS.READ_FILE, offsetBytes >> 8, offsetBytes & 0xff, referenceTlv('file', reference), 256)
  }

  // ---- key pairs

  /** @returns ids of both halves, and the point 04 || x || y */
  async generateKeyPair(
    reference: IotSafeReference,
  ): Promise<{ privateKeyId: Uint8Array; publicKeyId: Uint8Array; point: Uint8Array } | CardRefusal> {
    const answer = await this.#send(INS.GENERATE_KEY_PAIR, 0, 0, referenceTlv('privateKey', reference), 256)
    if (isCardRefusal(answer)) return answer
    const tlvs = parseIotSafeTlvs(answer)
    return {
      privateKeyId: requireTlv(tlvs, iotSafeKinds.privateKey.id),
      publicKeyId: requireTlv(tlvs, iotSafeKinds.publicKey.id),
      point: parseIotSafePublicKey(answer),
    }
  }

  /** @returns 04 || x || y */
  async readPublicKey(reference: IotSafeReference): Promise<Uint8Array | CardRefusal> {
    const answer = await this.#send(INS.READ_PUBLIC_KEY, 0, 0, referenceTlv('publicKey', reference), 256)
    return isCardRefusal(answer) ? answer : parseIotSafePublicKey(answer)
  }

  /** @param point 04 || x || y */
  async putPublicKey(
    reference: IotSafeReference,
    point: Uint8Array,
    session = 0,
  ): Promise<{ readonly ok: true } | CardRefusal> {
    const opened = await this.#do(INS.PUT_PUBLIC_KEY_INIT, 0, session, referenceTlv('publicKey', reference))
    if (isCardRefusal(opened)) return opened
    return this.#do(INS.PUT_PUBLIC_KEY_UPDATE, LAST, session, emitIotSafePublicKey(point))
  }

  // ---- signatures

  /** @returns r || s, 64 bytes */
  async sign(
    reference: IotSafeReference,
    message: IotSafeMessage,
    { hash = 'sha256', session = 0 }: { readonly hash?: IotSafeHash; readonly session?: number } = {},
  ): Promise<Uint8Array | CardRefusal> {
    const kind = 'privateKey'
    const opened = await this.#do(INS.COMPUTE_SIGNATURE_INIT, 0, session, initData(kind, reference, message, hash))
    if (isCardRefusal(opened)) return opened
    const answer = await this.#update(INS.COMPUTE_SIGNATURE_UPDATE, session, messageBytes(message), { ne: 256 })
    await this.#do(INS.COMPUTE_SIGNATURE_INIT, 1, session)
    if (isCardRefusal(answer)) return answer
    const signature = requireTlv(parseIotSafeTlvs(answer), TAG.signature)
    if (signature.length !== 64) throw badAnswer('a signature is not r and s of 32 bytes each')
    return signature
  }

  /** `signatureMismatch` is a refusal as any other. @param signature r || s */
  async verify(
    reference: IotSafeReference,
    message: IotSafeMessage,
    signature: Uint8Array,
    { hash = 'sha256', session = 0 }: { readonly hash?: IotSafeHash; readonly session?: number } = {},
  ): Promise<{ readonly ok: true } | CardRefusal> {
    const kind = 'publicKey'
    const opened = await this.#do(INS.VERIFY_SIGNATURE_INIT, 0, session, initData(kind, reference, message, hash))
    if (isCardRefusal(opened)) return opened
    const tail = emitIotSafeTlv(TAG.signature, signature)
    const answer = await this.#update(INS.VERIFY_SIGNATURE_UPDATE, session, messageBytes(message), { tail })
    await this.#do(INS.VERIFY_SIGNATURE_INIT, 1, session)
    return isCardRefusal(answer) ? answer : { ok: true }
  }

  /** Data in as many commands as it takes; the last one ends with the tail in one piece. */
  async #update(
    ins: number,
    session: number,
    data: Uint8Array,
    { tail = new Uint8Array(), ne }: { readonly tail?: Uint8Array; readonly ne?: number } = {},
  ): Promise<Uint8Array | CardRefusal> {
    let at = 0
    while (data.length - at + tail.length > MOST_DATA_BYTES) {
      const part = data.slice(at, at + MOST_DATA_BYTES)
      const answer = await this.#send(ins, 0, session, part)
      if (isCardRefusal(answer)) return answer
      at += part.length
    }
    return this.#send(ins, LAST, session, concatBytes(data.slice(at), tail), ne)
  }

  // ---- agreement and derivation

  /** The x coordinate of the shared point, in clear: only of keys that live as long as the card has power. */
  computeDh(own: IotSafeReference, other: IotSafeReference): Promise<Uint8Array | CardRefusal> {
    const data = concatBytes(referenceTlv('privateKey', own), referenceTlv('publicKey', other))
    return this.#send(INS.COMPUTE_DH, 0, 0, data, 256)
  }

  /** The PRF of TLS 1.2 with SHA-256. @param lengthBytes 1 to 256 */
  async computePrf(
    from: IotSafePrfSecret,
    labelAndSeed: Uint8Array,
    lengthBytes: number,
  ): Promise<Uint8Array | CardRefusal> {
    const hasKey = 'key' in from
    const secret = hasKey
      ? concatBytes(
          referenceTlv('secretKey', from.key),
          from.premaster === undefined ? new Uint8Array() : emitIotSafeTlv(TAG.premaster, from.premaster),
        )
      : emitIotSafeTlv(TAG.secret, from.secret)
    const length = lengthBytes < 256 ? Uint8Array.of(lengthBytes) : new ByteWriter().u16(lengthBytes).toBytes()
    const data = concatBytes(secret, emitIotSafeTlvs([TAG.labelAndSeed, labelAndSeed], [TAG.length, length]))
    const mode = !hasKey ? 0 : from.premaster === undefined ? 1 : 2
    return this.#wiped(data, () => this.#send(INS.COMPUTE_PRF, mode, 0, data, 256))
  }

  /** HKDF-Extract (RFC 5869 §2.2): a pseudo-random key as long as the hash. */
  async hkdfExtract(
    from: { readonly secret: Uint8Array } | { readonly key: IotSafeReference },
    salt: Uint8Array = new Uint8Array(),
    hash: IotSafeHash = 'sha256',
  ): Promise<Uint8Array | CardRefusal> {
    const data = concatBytes(
      'key' in from ? referenceTlv('secretKey', from.key) : emitIotSafeTlv(TAG.secret, from.secret),
      emitIotSafeTlvs([TAG.salt, salt], [TAG.hash, Uint8Array.of(0, iotSafeHashes[hash])]),
    )
    return this.#wiped(data, () => this.#send(INS.COMPUTE_HKDF, 0, 0, data, 256))
  }

  async #wiped<T>(data: Uint8Array, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      data.fill(0)
    }
  }

  // ---- personalisation on a bench

  /** Blocks of `iotSafeBlocks`, in clear, to an applet that takes them so. */
  async storeData(blocks: readonly Uint8Array[]): Promise<{ readonly ok: true } | CardRefusal> {
    for (const [index, block] of blocks.entries()) {
      const isLast = index === blocks.length - 1
      const done = await this.#do(INS.STORE_DATA, isLast ? LAST : 0, index & 0xff, block)
      if (isCardRefusal(done)) return done
    }
    return { ok: true }
  }
}

function referenceTlv(kind: IotSafeKind, reference: IotSafeReference): Uint8Array {
  const { id, label } = iotSafeKinds[kind]
  return 'id' in reference ? emitIotSafeTlv(id, reference.id) : emitIotSafeTlv(label, reference.label)
}

function initData(kind: IotSafeKind, reference: IotSafeReference, message: IotSafeMessage, hash: IotSafeHash) {
  const { fullText, lastBlock, hash: ofHash } = iotSafeModes
  const mode = 'text' in message ? fullText : 'digest' in message ? ofHash : lastBlock
  return concatBytes(
    referenceTlv(kind, reference),
    emitIotSafeTlvs(
      [TAG.mode, mode],
      [TAG.hash, Uint8Array.of(0, iotSafeHashes[hash])],
      [TAG.signatureAlgorithm, ecdsaAlgorithm],
    ),
  )
}

function messageBytes(message: IotSafeMessage): Uint8Array {
  if ('text' in message) return textTlvs(message.text)
  if ('digest' in message) return emitIotSafeTlv(TAG.hashValue, message.digest)
  const count = new ByteWriter().u32(message.byteCount).toBytes()
  return emitIotSafeTlvs(
    [TAG.lastBlock, message.lastBlock],
    [TAG.intermediateHash, message.state],
    [TAG.bytesHashed, count],
  )
}

/** The applet counts a text's TLV in 15 bits; a longer text lies in several. */
function textTlvs(text: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at === 0 || at < text.length; at += MOST_TEXT_TLV_BYTES) {
    parts.push(emitIotSafeTlv(TAG.text, text.slice(at, at + MOST_TEXT_TLV_BYTES)))
  }
  return concatBytes(...parts)
}
