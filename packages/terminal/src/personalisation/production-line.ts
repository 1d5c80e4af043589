import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, diversifiedKeys, type StaticKeys } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import type { SoftwareRelease } from '../integrity/integrity-client.ts'
import { emitImageHeader, emitSignedImage, integrityPurposes } from '../integrity/integrity-messages.ts'
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
  softwareCurve,
} from './authority.ts'
import { type CardKeys, fingerprintsOf, makeCardKeys, parseCardKeys } from './card-keys.ts'
import { openKeyFile, sealKeyFile } from './key-file.ts'
import type { LineCards, LineFiles } from './line-files.ts'
import { lineIdentity, lineOrganisations, organisationEntity, requireOwnerName } from './line-identity.ts'
import { type CardRecord, emitEntry, type JournalEntry, LineState, parseJournal } from './line-journal.ts'
import { type LineAppletName, lineAppletNames, ownerDomainAid, ownerKeyVersion } from './line-plan.ts'
import { type LineSecrets, openSecrets, sealSecrets } from './line-secrets.ts'
import {
  createOrganisation,
  numberOf,
  type Organisation,
  pointsOf,
  readOrganisation,
  softwareNumberOf,
  softwarePointOf,
} from './organisation.ts'
import { emitPem, parsePem } from './pem.ts'
import { type PersonaliseCardOptions, personaliseCard } from './personalise-card.ts'
import { signed } from './plain-signature.ts'
import { transferCard } from './transfer-card.ts'
import { requireUsableKeys } from './usable-keys.ts'
import { type CardCertificates, differs, verifyCard } from './verify-card.ts'

export interface LineOptions {
  readonly files: LineFiles
  readonly cards: LineCards
  readonly crypto: CryptoProvider
  readonly nowMs: () => number
  /** Components of the load file of each applet, by name. */
  readonly loadFiles: ReadonlyMap<string, Uint8Array>
  /** What the Integrity applet is told of its device: four bytes of type, and its hardware, 0 to 65535. Needed for that only. */
  readonly device?: { readonly type: Uint8Array; readonly hardware: number }
}

export interface LineChoice {
  readonly name: string
  /** Its first owner. */
  readonly owner: string
  readonly suite: 0 | 1 | 2
  /** Metering is always among them, and alone if nothing is said. */
  readonly applets?: readonly LineAppletName[]
}

interface LineDescription {
  readonly format: 'gridcard-line-1'
  readonly name: string
  readonly suite: 0 | 1 | 2
  readonly owner: string
  /** Lines that are older than the choice have Metering alone. */
  readonly applets?: readonly LineAppletName[]
}

export interface LineStatus {
  readonly name: string
  readonly suite: 0 | 1 | 2
  readonly owner: string
  readonly applets: readonly LineAppletName[]
  readonly done: number
  readonly interrupted: readonly string[]
  readonly revoked: number
  readonly owners: Readonly<Record<string, number>>
}

export interface Finding {
  readonly serial: string
  readonly problem: string
}

const CRL_DAYS = 31

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
    { name, owner, suite, applets: asked = [] }: LineChoice,
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
    const applets = lineAppletNames.filter((one) => one === 'metering' || asked.includes(one))
    const hasSoftwareKey = applets.includes('integrity')
    const signer = await createMaker(pki.organisations, { name: `${name} Personaliser`, curve, nowMs })
    const software = hasSoftwareKey
      ? { software: await createMaker(pki.organisations, { name: `${name} Software`, curve: softwareCurve, nowMs }) }
      : {}
    const secrets: LineSecrets = { lineId: crypto.randomBytes(16), issuer, pki, maker: signer, ...software }
    const lineKey = crypto.randomBytes(32)
    files.write('line.key', `${toHex(lineKey)}\n`, 'secret')
    files.write('line.sealed', sealSecrets(crypto, lineKey, secrets), 'secret')
    for (const [file, authority] of Object.entries(pki)) {
      files.write(`pki/${file}.pem`, emitPem('CERTIFICATE', authority.certificate), 'public')
    }
    files.write('pki/maker.pem', emitPem('CERTIFICATE', signer.certificate), 'public')
    if (secrets.software)
      files.write('pki/software.pem', emitPem('CERTIFICATE', secrets.software.certificate), 'public')
    const entity = organisationEntity(lineOrganisations.firstOwner)
    await createOrganisation(files, pki.organisations, { name: owner, entity, curve, nowMs, hasSoftwareKey })
    files.write('journal.jsonl', '', 'secret')
    const description: LineDescription = { format: 'gridcard-line-1', name, suite, owner, applets }
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

  get applets(): readonly LineAppletName[] {
    return this.#description.applets ?? ['metering']
  }

  get status(): LineStatus {
    const { name, suite, owner } = this.#description
    const { applets } = this
    const owners: Record<string, number> = {}
    for (const card of this.#state.done) owners[card.owner!] = (owners[card.owner!] ?? 0) + 1
    const interrupted = this.#state.interrupted.map(({ serial }) => serial)
    const { done, revoked } = this.#state
    return { name, suite, owner, applets, done: done.length, interrupted, revoked: revoked.length, owners }
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
    /** Software that is on the devices already; of interest to cards that verify it. */
    readonly releases?: readonly SoftwareRelease[]
    readonly progress?: (done: number, total: number, serial: string) => void
  }): Promise<number> {
    const identities = Array.from({ length: o.count }, (_, i) => lineIdentity(o.first + i))
    const owner = this.#requireOwner(this.#description.owner)
    const points = await this.#pointsOf(owner)
    let made = 0
    for (const [i, identity] of identities.entries()) {
      if (this.#state.cards.get(identity.serial)?.owner === undefined) {
        await this.#make(identity, owner, points, o.releases ?? [])
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
    releases: readonly SoftwareRelease[],
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
    const root = {
      entity: organisationEntity(lineOrganisations.root),
      sign: await pointOfCertificate(pki.root.certificate),
    }
    const issued: Der[] = []
    const certify = async (point: Uint8Array, o: { readonly use: 'sign' | 'agree'; readonly forTls?: boolean }) => {
      const one = await issueDeviceCertificate(pki.devices, { nowMs: this.#o.nowMs(), entity: title, point, ...o })
      issued.push(one)
      this.#note({ event: 'issued', serial, certificates: issued.map(serialNumberOf) })
      return one
    }
    const write = (name: string, ...certificates: Der[]) =>
      files.write(`certificates/${name}.pem`, certificates.map((one) => emitPem('CERTIFICATE', one)).join(''), 'public')
    const made = await personaliseCard(card.link, {
      crypto,
      issuerKeys: issuer,
      keys,
      loadFiles,
      root,
      owner: points,
      ...(await this.#integrityOf(owner, releases)),
      ...(this.applets.includes('iot-safe') && {
        iotSafe: {
          certify: async (point) => {
            const tls = await certify(point, { use: 'sign', forTls: true })
            write(`${serial}.tls`, tls)
            return tls
          },
          authority: pki.devices.certificate,
          root: pki.root.certificate,
        },
      }),
    })
    write(serial, await certify(made.sign, { use: 'sign' }), await certify(made.agree, { use: 'agree' }))
    if (made.attestation) write(`${serial}.attestation`, await certify(made.attestation, { use: 'sign' }))
    files.write(`keys/${serial}.p7m`, await this.#seal(keys, owner), 'secret')
    files.write(`cards/${serial}.img`, card.image(), 'secret')
    files.flush()
    this.#note({ event: 'done', serial, owner: owner.name, prints })
  }

  async #integrityOf(
    owner: Organisation,
    releases: readonly SoftwareRelease[],
  ): Promise<Pick<PersonaliseCardOptions, 'integrity'>> {
    const { software } = this.#secrets
    if (software === undefined) return {}
    const { device } = this.#o
    if (device === undefined) {
      throw new TerminalError('TERMINAL_LINE_DAMAGED', 'cards that verify software are for one type of device; name it')
    }
    const manufacturerKey = await pointOfCertificate(software.certificate)
    return { integrity: { ...device, manufacturerKey, responsibleKey: await this.#softwarePointOf(owner), releases } }
  }

  /** Its title; a device takes MACs of this one under the second key slot. */
  get #accessController(): Uint8Array {
    return organisationEntity(lineOrganisations.accessController)
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
    const entity = organisationEntity(new DataView(id.buffer, id.byteOffset).getUint32(0))
    const curve = curveOfSuite(this.#description.suite)
    const { organisations } = this.#secrets.pki
    const hasSoftwareKey = this.applets.includes('integrity')
    const nowMs = this.#o.nowMs()
    await createOrganisation(this.#o.files, organisations, { name, entity, curve, nowMs, hasSoftwareKey })
    this.#o.files.flush()
  }

  #requireOwner(name: string): Organisation {
    const found = readOrganisation(this.#o.files, requireOwnerName(name))
    if (found !== undefined) return found
    throw new TerminalError('TERMINAL_LINE_DAMAGED', `there is no owner ${name}; make one first`)
  }

  get #organisationTrust() {
    const { root, organisations } = this.#secrets.pki
    return { root: root.certificate, authority: organisations.certificate, nowMs: this.#o.nowMs() }
  }

  #pointsOf(owner: Organisation) {
    return pointsOf(owner, this.#organisationTrust)
  }

  #softwarePointOf(owner: Organisation) {
    return softwarePointOf(owner, this.#organisationTrust)
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

  // ---- software

  /**
   * An image that the line's cards take for genuine: signed with its key for software, for its type of device and hardware.
   *
   * @throws TerminalError `TERMINAL_LINE_DAMAGED`: the cards of this line do not verify software
   */
  async signSoftware(o: {
    readonly body: Uint8Array
    readonly target: number
    readonly version: number
    readonly rollback: number
  }): Promise<Uint8Array> {
    const { software } = this.#secrets
    const { device, crypto } = this.#o
    if (software === undefined || device === undefined) {
      throw new TerminalError('TERMINAL_LINE_DAMAGED', 'the cards of this line do not verify software')
    }
    const { body, ...release } = o
    const header = emitImageHeader({
      ...release,
      type: device.type,
      hardwareMin: device.hardware,
      hardwareMax: device.hardware,
      sizeBytes: body.length,
      hash: crypto.sha256(body),
    })
    const privateKey = await numberOf(software.privateKey, softwareCurve)
    try {
      const signature = signed(crypto, privateKey, concatBytes(integrityPurposes.image, header))
      return emitSignedImage({ signedHeader: concatBytes(header, signature), body })
    } finally {
      privateKey.fill(0)
    }
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
    const crl = this.#require('pki/devices.crl.pem')
    const certificates = this.#certificatesOf(serial)
    const owner = this.#requireOwner(ownerName!)
    const keys = owner.agree.privateKey && (await this.#openKeys(`keys/${serial}.p7m`, owner))
    const { pki, software } = this.#secrets
    const image = files.readBytes(`cards/${serial}.img`)
    if (image === undefined) throw differs('a file of it is not there')
    await verifyCard(cards.look(image), {
      crypto,
      title: fromHex(title),
      suite: this.#description.suite,
      certificates,
      trust: {
        root: pki.root.certificate,
        authority: pki.devices.certificate,
        crl: parsePem(crl)[0]!,
        nowMs: this.#o.nowMs(),
      },
      ...(keys && { keys }),
      ...(software && {
        software: {
          manufacturer: await pointOfCertificate(software.certificate),
          responsible: await this.#softwarePointOf(owner),
        },
      }),
    })
  }

  #require(path: string): string {
    const text = this.#o.files.read(path)
    if (text === undefined) throw differs('a file of it is not there')
    return text
  }

  #certificatesOf(serial: string): CardCertificates {
    const [sign, agree] = parsePem(this.#require(`certificates/${serial}.pem`))
    if (sign === undefined || agree === undefined) throw differs('its certificates are not there')
    const further = (name: string) => parsePem(this.#require(`certificates/${serial}.${name}.pem`))[0]!
    const { applets } = this
    return {
      sign,
      agree,
      ...(applets.includes('integrity') && { attestation: further('attestation') }),
      ...(applets.includes('iot-safe') && { tls: further('tls') }),
    }
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
    const parts = {
      root: root.certificate,
      authority: devices.certificate,
      nowMs: this.#o.nowMs(),
      use: 'agree',
    } as const
    const agreePoint = await requireCertificate(this.#certificatesOf(serial).agree, parts)
    const opened = cards.open(`cards/${serial}.img`)
    try {
      await transferCard(opened.link, {
        crypto,
        oldKeys,
        newKeys,
        from: { organisation: from, points: fromPoints },
        to: { organisation: next, points: nextPoints },
        agreePoint,
        ...(this.applets.includes('integrity') && {
          software: { from: await softwareNumberOf(from), to: await this.#softwarePointOf(next) },
        }),
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

const curveOfSuite = (suite: 0 | 1 | 2): Curve => (suite === 2 ? 'P-384' : 'P-256')

async function createMaker(
  organisations: Authority,
  o: { readonly name: string; readonly curve: Curve; readonly nowMs: number },
): Promise<Authority> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: o.curve }, true, ['sign', 'verify'])
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
  const entity = organisationEntity(lineOrganisations.root)
  return {
    certificate: await issueOrganisationCertificate(organisations, { ...o, entity, use: 'sign', point }),
    privateKey,
  }
}
