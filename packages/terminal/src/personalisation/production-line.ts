import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, diversifiedKeys, type StaticKeys } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import { isCardRefusal } from '../meter-security-client.ts'
import { MeteringClient, meteringAppletAid } from '../metering/metering-client.ts'
import {
  type Authority,
  type Curve,
  createPki,
  type Der,
  issueCrl,
  issueDeviceCertificate,
  issueOrganisationCertificate,
  pointOfCertificate,
  requireCertificate,
  serialNumberOf,
} from './authority.ts'
import { type CardKeys, fingerprintsOf, makeCardKeys, namedKeys, parseCardKeys } from './card-keys.ts'
import { openKeyFile, sealKeyFile } from './key-file.ts'
import type { LineCards, LineFiles } from './line-files.ts'
import { type CardRecord, emitEntry, type JournalEntry, LineState, parseJournal } from './line-journal.ts'
import { ownerDomainAid, ownerKeyVersion } from './line-plan.ts'
import { type LineSecrets, openSecrets, sealSecrets } from './line-secrets.ts'
import { createOrganisation, type Organisation, pointsOf, readOrganisation } from './organisation.ts'
import { emitPem, parsePem } from './pem.ts'
import { personaliseCard } from './personalise-card.ts'
import { transferCard } from './transfer-card.ts'
import { requireUsableKeys } from './usable-keys.ts'

export interface LineOptions {
  readonly files: LineFiles
  readonly cards: LineCards
  readonly crypto: CryptoProvider
  readonly nowMs: () => number
  /** Components of the load file of each applet, by name. */
  readonly loadFiles: ReadonlyMap<string, Uint8Array>
}

interface LineDescription {
  readonly format: 'gridcard-line-1'
  readonly name: string
  readonly suite: 0 | 1 | 2
  readonly owner: string
}

export interface LineStatus {
  readonly name: string
  readonly suite: 0 | 1 | 2
  readonly owner: string
  readonly done: number
  readonly interrupted: readonly string[]
  readonly revoked: number
  readonly owners: Readonly<Record<string, number>>
}

export interface Finding {
  readonly serial: string
  readonly problem: string
}

const MOST_NUMBER = 99_999_999
const CRL_DAYS = 31
const maker = fromAscii('GRC')
const ORGANISATION = 0xf0
const ELECTRICITY_METER = 0x01

const numbered = (kind: number, number: number): Uint8Array => {
  const title = new Uint8Array(8)
  title.set(maker)
  title[3] = kind
  new DataView(title.buffer).setUint32(4, number)
  return title
}

/** The serial number and the EUI-64 of a card's device, which is its system title. */
export function lineIdentity(number: number): { readonly serial: string; readonly title: Uint8Array } {
  if (!Number.isInteger(number) || number < 0 || number > MOST_NUMBER) {
    throw new TerminalError('TERMINAL_LINE_DAMAGED', `card numbers are 0 to ${MOST_NUMBER}`)
  }
  return { serial: `GC${String(number).padStart(8, '0')}`, title: numbered(ELECTRICITY_METER, number) }
}

/** Refused names would be other places in the file system. */
export function requireOwnerName(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,31}$/.test(name)) return name
  throw new TerminalError('TERMINAL_LINE_DAMAGED', 'an owner is named in small letters, digits and hyphens, 32 at most')
}

/**
 * A production line of cards in a folder: who it is, its sealed secrets, a journal of what happened, and for each card its
 * image, its certificates, and its keys in a file for its owner alone. Killed at any point it goes on where it was: an
 * identity that was begun is begun again, with new keys, and what certificates it had are revoked.
 */
export class ProductionLine {
  readonly #o: LineOptions
  readonly #description: LineDescription
  readonly #secrets: LineSecrets
  readonly #state: LineState

  private constructor(o: LineOptions, description: LineDescription, secrets: LineSecrets, state: LineState) {
    this.#o = o
    this.#description = description
    this.#secrets = secrets
    this.#state = state
  }

  /** Makes all keys of a new line: of its PKI, of its cards' issuer, of its first owner. */
  static async create(
    o: LineOptions,
    { name, owner, suite }: { readonly name: string; readonly owner: string; readonly suite: 0 | 1 | 2 },
  ): Promise<ProductionLine> {
    const { files, crypto } = o
    requireOwnerName(owner)
    if (files.read('line.json') !== undefined) {
      throw new TerminalError('TERMINAL_LINE_DUPLICATE', 'there is a line in this folder already')
    }
    const nowMs = o.nowMs()
    const curve = curveOfSuite(suite)
    const pki = await createPki({ name, curve, nowMs })
    const issuer = { enc: crypto.randomBytes(16), mac: crypto.randomBytes(16), dek: crypto.randomBytes(16) }
    requireUsableKeys({ 'issuer ENC': issuer.enc, 'issuer MAC': issuer.mac, 'issuer DEK': issuer.dek })
    const signer = await createMaker(pki.organisations, { name, curve, nowMs })
    const secrets: LineSecrets = { lineId: crypto.randomBytes(16), issuer, pki, maker: signer }
    const lineKey = crypto.randomBytes(32)
    files.write('line.key', `${toHex(lineKey)}\n`, 'secret')
    files.write('line.sealed', sealSecrets(crypto, lineKey, secrets), 'secret')
    for (const [file, authority] of Object.entries(pki)) {
      files.write(`pki/${file}.pem`, emitPem('CERTIFICATE', authority.certificate), 'public')
    }
    files.write('pki/maker.pem', emitPem('CERTIFICATE', signer.certificate), 'public')
    await createOrganisation(files, pki.organisations, { name: owner, entity: numbered(ORGANISATION, 2), curve, nowMs })
    files.write('journal.jsonl', '', 'secret')
    const description: LineDescription = { format: 'gridcard-line-1', name, suite, owner }
    const line = new ProductionLine(o, description, secrets, new LineState())
    await line.#writeCrl()
    // Last: a folder with a description is a whole line.
    files.write('line.json', `${JSON.stringify(description)}\n`, 'public')
    files.flush()
    return line
  }

  /** @throws TerminalError `TERMINAL_LINE_DAMAGED`, `TERMINAL_LINE_LOCKED` */
  static open(o: LineOptions): ProductionLine {
    const { files, crypto } = o
    const text = files.read('line.json')
    const sealed = files.readBytes('line.sealed')
    const lineKey = files.read('line.key')?.trim()
    if (text === undefined || sealed === undefined) {
      throw new TerminalError('TERMINAL_LINE_DAMAGED', 'there is no line in this folder')
    }
    if (lineKey === undefined) throw new TerminalError('TERMINAL_LINE_LOCKED', "the line's key is not here")
    const secrets = openSecrets(crypto, fromHex(lineKey), sealed)
    const journal = files.read('journal.jsonl') ?? ''
    const { entries, wholeChars } = parseJournal(journal)
    if (wholeChars !== journal.length) files.write('journal.jsonl', journal.slice(0, wholeChars), 'secret')
    const state = new LineState()
    for (const entry of entries) state.take(entry)
    return new ProductionLine(o, JSON.parse(text) as LineDescription, secrets, state)
  }

  get status(): LineStatus {
    const { name, suite, owner } = this.#description
    const owners: Record<string, number> = {}
    for (const card of this.#state.done) owners[card.owner!] = (owners[card.owner!] ?? 0) + 1
    const interrupted = this.#state.interrupted.map(({ serial }) => serial)
    const { done, revoked } = this.#state
    return { name, suite, owner, done: done.length, interrupted, revoked: revoked.length, owners }
  }

  #note(entry: JournalEntry): void {
    this.#state.take(entry)
    this.#o.files.append('journal.jsonl', emitEntry(entry))
  }

  // ---- making cards

  /**
   * Sees to it that the cards with these numbers are done: those that are, stay as they are.
   * @param o.progress after each card
   * @returns how many were made now
   */
  async run(o: {
    readonly first: number
    readonly count: number
    readonly progress?: (done: number, total: number, serial: string) => void
  }): Promise<number> {
    const identities = Array.from({ length: o.count }, (_, i) => lineIdentity(o.first + i))
    const owner = this.#requireOwner(this.#description.owner)
    const points = await this.#pointsOf(owner)
    let made = 0
    for (const [i, identity] of identities.entries()) {
      if (this.#state.cards.get(identity.serial)?.owner === undefined) {
        await this.#make(identity, owner, points)
        made++
      }
      o.progress?.(i + 1, o.count, identity.serial)
    }
    await this.#writeCrl()
    this.#o.files.flush()
    return made
  }

  async #make(
    { serial, title }: ReturnType<typeof lineIdentity>,
    owner: Organisation,
    points: Awaited<ReturnType<typeof pointsOf>>,
  ): Promise<void> {
    const { crypto, files, cards, loadFiles } = this.#o
    const { pki, lineId } = this.#secrets
    this.#note({ event: 'begun', serial, title: toHex(title) })
    const keys = makeCardKeys(crypto, {
      serial,
      systemTitle: toHex(title),
      deviceId: toHex(crypto.randomBytes(16)),
      owner: owner.name,
      suite: this.#description.suite,
      domainAid: ownerDomainAid,
      keyVersion: ownerKeyVersion,
      peers: [owner.entity, this.#accessController],
    })
    const prints = fingerprintsOf(crypto, lineId, keys)
    this.#state.requireFreshPrints(prints)
    const issuer = this.#issuerKeysOf(title)
    const card = cards.create(issuer)
    const root = { entity: numbered(ORGANISATION, 0), sign: await pointOfCertificate(pki.root.certificate) }
    const made = await personaliseCard(card.link, { crypto, issuerKeys: issuer, keys, loadFiles, root, owner: points })
    const nowMs = this.#o.nowMs()
    const certificates: Der[] = []
    for (const use of ['sign', 'agree'] as const) {
      certificates.push(await issueDeviceCertificate(pki.devices, { nowMs, entity: title, use, point: made[use] }))
    }
    this.#note({ event: 'issued', serial, certificates: certificates.map(serialNumberOf) })
    const pem = certificates.map((one) => emitPem('CERTIFICATE', one)).join('')
    files.write(`certificates/${serial}.pem`, pem, 'public')
    files.write(`keys/${serial}.p7m`, await this.#seal(keys, owner), 'secret')
    files.write(`cards/${serial}.img`, card.image(), 'secret')
    files.flush()
    this.#note({ event: 'done', serial, owner: owner.name, prints })
  }

  /** Its title; a device takes MACs of this one under the second key slot. */
  get #accessController(): Uint8Array {
    return numbered(ORGANISATION, 1)
  }

  #issuerKeysOf(title: Uint8Array): StaticKeys & { readonly diversificationData: Uint8Array } {
    const diversificationData = concatBytes(fromAscii('GC'), title)
    const keys = diversifiedKeys(this.#o.crypto, 'kdf3', this.#secrets.issuer, diversificationData)
    return { ...keys, diversificationData }
  }

  #seal(keys: CardKeys, owner: Organisation): Promise<Der> {
    const { maker: signer, pki } = this.#secrets
    return sealKeyFile(JSON.stringify(keys), {
      signer: { ...signer, issuer: pki.organisations.certificate },
      recipient: owner.agree.certificate,
      curve: curveOfSuite(this.#description.suite),
    })
  }

  async #writeCrl(): Promise<void> {
    const { devices } = this.#secrets.pki
    const crl = await issueCrl(devices, { nowMs: this.#o.nowMs(), revoked: this.#state.revoked, validDays: CRL_DAYS })
    this.#o.files.write('pki/devices.crl.pem', emitPem('X509 CRL', crl), 'public')
  }

  // ---- owners

  /** Another organisation that may own cards. */
  async addOwner(name: string): Promise<void> {
    requireOwnerName(name)
    if (readOrganisation(this.#o.files, name) !== undefined) {
      throw new TerminalError('TERMINAL_LINE_DUPLICATE', `there is an owner ${name} already`)
    }
    const id = this.#o.crypto.randomBytes(4)
    id[0]! |= 0x80 // above those of the line itself
    const entity = numbered(ORGANISATION, new DataView(id.buffer, id.byteOffset).getUint32(0))
    const curve = curveOfSuite(this.#description.suite)
    const { organisations } = this.#secrets.pki
    await createOrganisation(this.#o.files, organisations, { name, entity, curve, nowMs: this.#o.nowMs() })
    this.#o.files.flush()
  }

  #requireOwner(name: string): Organisation {
    const found = readOrganisation(this.#o.files, requireOwnerName(name))
    if (found !== undefined) return found
    throw new TerminalError('TERMINAL_LINE_DAMAGED', `there is no owner ${name}; make one first`)
  }

  #pointsOf(owner: Organisation) {
    const { root, organisations } = this.#secrets.pki
    const parts = { root: root.certificate, authority: organisations.certificate, nowMs: this.#o.nowMs() }
    return pointsOf(owner, parts)
  }

  async #openKeys(path: string, owner: Organisation): Promise<CardKeys> {
    const file = this.#o.files.readBytes(path)
    if (file === undefined) throw new TerminalError('TERMINAL_LINE_KEY_FILE', `${path} is not there`)
    if (owner.agree.privateKey === undefined) {
      throw new TerminalError('TERMINAL_LINE_LOCKED', `the private keys of ${owner.name} are not here`)
    }
    const { certificate, privateKey } = { ...owner.agree, privateKey: owner.agree.privateKey }
    const signer = this.#secrets.maker.certificate
    return parseCardKeys(await openKeyFile(file, { signer, recipient: { certificate, privateKey } }))
  }

  // ---- looking

  /** Compares what is done with what the cards are. Nothing is changed, not even a counter of a card. */
  async verify(progress?: (done: number, total: number) => void): Promise<Finding[]> {
    const findings: Finding[] = []
    const { done } = this.#state
    for (const [i, card] of done.entries()) {
      try {
        await this.#verifyCard(card)
      } catch (error) {
        if (!(error instanceof TerminalError)) throw error
        findings.push({ serial: card.serial, problem: error.message })
      }
      progress?.(i + 1, done.length)
    }
    return findings
  }

  async #verifyCard({ serial, title, owner: ownerName }: CardRecord): Promise<void> {
    const { files, cards, crypto } = this.#o
    const image = files.readBytes(`cards/${serial}.img`)
    const pem = files.read(`certificates/${serial}.pem`)
    const crlPem = files.read('pki/devices.crl.pem')
    if (image === undefined || pem === undefined || crlPem === undefined) throw differs('a file of it is not there')
    const link = cards.look(image)
    await link.powerOn()
    const metering = new MeteringClient(link, meteringAppletAid)
    await metering.select()
    const status = await metering.status()
    if (toHex(status.systemTitle) !== title) throw differs('it carries another title')
    if (status.lifeCycle !== 'operational') throw differs(`it is ${status.lifeCycle}`)
    const { root, devices } = this.#secrets.pki
    const parts = {
      root: root.certificate,
      authority: devices.certificate,
      crl: parsePem(crlPem)[0]!,
      nowMs: this.#o.nowMs(),
    }
    const certificates = parsePem(pem)
    for (const [i, use] of (['sign', 'agree'] as const).entries()) {
      const certified = await requireCertificate(certificates[i]!, { ...parts, use })
      const point = await metering.publicKey(this.#description.suite === 2 ? 2 : 1, use)
      if (isCardRefusal(point) || toHex(point) !== toHex(certified))
        throw differs(`its key to ${use} is not the certified one`)
    }
    const owner = this.#requireOwner(ownerName!)
    if (owner.agree.privateKey === undefined) return
    const keys = await this.#openKeys(`keys/${serial}.p7m`, owner)
    requireUsableKeys(namedKeys(keys))
    const bound = await metering.bindDevice(fromHex(keys.deviceId))
    if (isCardRefusal(bound)) throw differs('it is bound to another device')
    const control = 0x30 | keys.suite
    const sent = await metering.protect(0, control, fromAscii('verify'))
    if (isCardRefusal(sent)) throw differs('it does not protect messages')
    const iv = new Uint8Array(12)
    iv.set(fromHex(title))
    new DataView(iv.buffer).setUint32(8, sent.invocationCounter)
    const { unicast, authentication } = keys.slots[0]!
    const aad = concatBytes(Uint8Array.of(control), fromHex(authentication))
    if (crypto.gcmOpen(fromHex(unicast), iv, aad, sent.body, 12) === undefined)
      throw differs('it has other keys than the file')
  }

  // ---- a new owner

  /**
   * A card changes hands. What the old owner knew is dead afterwards: keys, tickets, quotas, its security domain's keys. The
   * keys of the new owner are in its file before the card hears of them, so that an interrupted transfer goes on.
   *
   * @throws TerminalError `TERMINAL_LINE_DUPLICATE`: it is that owner's already
   */
  async transfer(serial: string, to: string): Promise<void> {
    const { files, crypto, cards } = this.#o
    const card = this.#state.cards.get(serial)
    if (card?.owner === undefined)
      throw new TerminalError('TERMINAL_LINE_DAMAGED', `there is no card ${serial} that is done`)
    if (card.owner === to) throw new TerminalError('TERMINAL_LINE_DUPLICATE', `${serial} is ${to}'s already`)
    if (card.nextOwner !== undefined && card.nextOwner !== to) {
      throw new TerminalError(
        'TERMINAL_LINE_DUPLICATE',
        `${serial} is on its way to ${card.nextOwner}; finish that first`,
      )
    }
    const [from, next] = [this.#requireOwner(card.owner), this.#requireOwner(to)]
    const [fromPoints, nextPoints] = [await this.#pointsOf(from), await this.#pointsOf(next)]
    const oldKeys = await this.#openKeys(`keys/${serial}.p7m`, from)
    const pending = `keys/${serial}.next.p7m`
    if (card.nextOwner === undefined) {
      const fresh = makeCardKeys(crypto, {
        serial,
        systemTitle: card.title,
        deviceId: oldKeys.deviceId,
        owner: to,
        suite: oldKeys.suite,
        domainAid: ownerDomainAid,
        keyVersion: oldKeys.domain.keyVersion === ownerKeyVersion ? ownerKeyVersion + 1 : ownerKeyVersion,
        peers: [next.entity, this.#accessController],
      })
      files.write(pending, await this.#seal(fresh, next), 'secret')
      files.flush()
      this.#note({ event: 'transfer-begun', serial, owner: to })
    }
    const newKeys = await this.#openKeys(pending, next)
    const { root, devices } = this.#secrets.pki
    const certificate = parsePem(files.read(`certificates/${serial}.pem`) ?? '')[1]
    if (certificate === undefined) throw differs('its certificates are not there')
    const parts = {
      root: root.certificate,
      authority: devices.certificate,
      nowMs: this.#o.nowMs(),
      use: 'agree',
    } as const
    const agreePoint = await requireCertificate(certificate, parts)
    const opened = cards.open(`cards/${serial}.img`)
    try {
      await transferCard(opened.link, {
        crypto,
        oldKeys,
        newKeys,
        from: { organisation: from, points: fromPoints },
        to: { organisation: next, points: nextPoints },
        agreePoint,
      })
    } finally {
      opened.close()
    }
    files.write(`keys/${serial}.p7m`, files.readBytes(pending)!, 'secret')
    files.flush()
    this.#note({ event: 'transferred', serial, owner: to })
    files.flush()
  }
}

const differs = (why: string) =>
  new TerminalError('TERMINAL_LINE_CARD_DIFFERS', `the card is not what the line made: ${why}`)
const curveOfSuite = (suite: 0 | 1 | 2): Curve => (suite === 2 ? 'P-384' : 'P-256')

async function createMaker(
  organisations: Authority,
  o: { readonly name: string; readonly curve: Curve; readonly nowMs: number },
): Promise<Authority> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: o.curve }, true, ['sign', 'verify'])
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
  const entity = numbered(ORGANISATION, 0)
  const name = `${o.name} Personaliser`
  return {
    certificate: await issueOrganisationCertificate(organisations, { ...o, name, entity, use: 'sign', point }),
    privateKey,
  }
}
