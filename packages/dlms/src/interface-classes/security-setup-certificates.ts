import { equalBytes } from '@gridcard/bytes'
import type { Certificate } from '../certificates/certificate-tool.ts'
import { type CertificateTrust, certificateFault } from '../certificates/certificate-trust.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { isRefusal, type SecurityModule } from '../security/security-module.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'
import type { ActionOutcome } from './cosem-object.ts'
import {
  type CertificateEntity,
  type CertificateIdentification,
  type CertificateType,
  certificateEntities,
  certificateTypes,
} from './security-setup-data.ts'

/** The certificates of a device, and what it believes of others. */
export type CertificateParts = CertificateTrust

const CERTIFICATES_MAX = 32
const refused: ActionOutcome = { result: 'other-reason' }
const done: ActionOutcome = { result: 'success' }

/** The certificates behind a security setup. Private keys and the peer's public keys are the module's affair. */
export class SetupCertificates {
  readonly #parts: CertificateParts
  readonly #security: SecurityModule
  readonly #slot: number
  readonly #suite: SecuritySuiteId
  readonly #clientSystemTitle: Uint8Array

  constructor(
    parts: CertificateParts,
    setup: {
      readonly security: SecurityModule
      readonly slot: number
      readonly suite: SecuritySuiteId
      readonly clientSystemTitle: Uint8Array
    },
  ) {
    this.#parts = parts
    this.#security = setup.security
    this.#slot = setup.slot
    this.#suite = setup.suite
    this.#clientSystemTitle = setup.clientSystemTitle
  }

  /** Attribute 6. @source Blue Book ed. 14 §4.4.7.2.6 */
  async list(): Promise<CosemData> {
    return cosem.array(
      (await this.#all()).map((certificate) =>
        cosem.structure(
          cosem.enumeration(certificateEntities[this.#entityOf(certificate)]),
          cosem.enumeration(certificateTypes[typeOf(certificate)]),
          cosem.octetString(certificate.serialNumber),
          cosem.octetString(certificate.issuer),
          cosem.octetString(certificate.subject),
          cosem.octetString(certificate.subjectAltName),
        ),
      ),
    )
  }

  async request(purpose: Exclude<CertificateType, 'other'>): Promise<ActionOutcome> {
    const keys = this.#security.keyManagement
    const publicKey = await keys?.publicKey(this.#slot, purpose)
    if (keys === undefined || publicKey === undefined || isRefusal(publicKey)) return refused
    const { systemTitle } = this.#security
    let isSigned = true
    const der = await this.#parts.tool.request({
      suite: this.#suite,
      systemTitle,
      publicKey,
      sign: async (octets) => {
        const signature = await keys.signWith(this.#slot, purpose, octets)
        if (!isRefusal(signature)) return signature
        isSigned = false
        return new Uint8Array(2)
      },
    })
    return isSigned ? { result: 'success', data: cosem.octetString(der) } : refused
  }

  /** Only what can be believed now, and fits what it stands for. */
  async import(der: Uint8Array): Promise<ActionOutcome> {
    const certificate = this.#parts.tool.read(der)
    if (certificate === undefined || (await certificateFault(certificate, this.#parts)) !== undefined) return refused
    const all = await this.#all()
    const isKnown = all.some((other) => equalBytes(other.der, certificate.der))
    const replaced = certificate.isAuthority ? undefined : all.find((other) => this.#isForTheSame(other, certificate))
    if (!isKnown && replaced === undefined && all.length >= CERTIFICATES_MAX) return refused
    if (!(await this.#use(certificate))) return refused
    await this.#parts.store.add(certificate.der)
    if (replaced !== undefined && !equalBytes(replaced.der, certificate.der)) {
      await this.#parts.store.remove(replaced.der)
    }
    return done
  }

  async export(identification: CertificateIdentification): Promise<ActionOutcome> {
    const found = await this.#find(identification)
    return found === undefined ? refused : { result: 'success', data: cosem.octetString(found.der) }
  }

  /** The last authority that has signed itself stays: without one nothing could be imported ever after. */
  async remove(identification: CertificateIdentification): Promise<ActionOutcome> {
    const found = await this.#find(identification)
    if (found === undefined) return refused
    const anchors = (await this.#all()).filter((certificate) => this.#parts.tool.isIssuedBy(certificate, certificate))
    if (anchors.length === 1 && equalBytes(anchors[0]!.der, found.der)) return refused
    await this.#parts.store.remove(found.der)
    return done
  }

  /** A certificate of ours must be about the key we have; one of the client gives its key to the module. */
  async #use(certificate: Certificate): Promise<boolean> {
    const keys = this.#security.keyManagement
    const { purpose, publicKey } = certificate
    switch (this.#entityOf(certificate)) {
      case 'certification-authority':
        return true
      case 'other':
        return purpose !== undefined
      case 'server': {
        const own = purpose === undefined ? undefined : await keys?.publicKey(this.#slot, purpose)
        return own !== undefined && !isRefusal(own) && equalBytes(own, publicKey)
      }
      case 'client': {
        const installed = purpose === undefined ? undefined : await keys?.installPeerKey(this.#slot, purpose, publicKey)
        return installed !== undefined && !isRefusal(installed)
      }
    }
  }

  async #all(): Promise<Certificate[]> {
    const ders = await this.#parts.store.list()
    return ders.map((der) => this.#parts.tool.read(der)).filter((read) => read !== undefined)
  }

  async #find(identification: CertificateIdentification): Promise<Certificate | undefined> {
    const all = await this.#all()
    if (identification.by === 'serial') {
      const { serialNumber, issuer } = identification
      return all.find(
        (certificate) => equalBytes(certificate.serialNumber, serialNumber) && equalBytes(certificate.issuer, issuer),
      )
    }
    const { entity, type, systemTitle } = identification
    return all.find(
      (certificate) =>
        this.#entityOf(certificate) === entity &&
        typeOf(certificate) === type &&
        (entity === 'certification-authority' || equalBytes(certificate.systemTitle ?? new Uint8Array(0), systemTitle)),
    )
  }

  #isForTheSame(a: Certificate, b: Certificate): boolean {
    return !a.isAuthority && typeOf(a) === typeOf(b) && equalBytes(a.subject, b.subject)
  }

  #entityOf({ isAuthority, systemTitle }: Certificate): CertificateEntity {
    if (isAuthority) return 'certification-authority'
    if (systemTitle === undefined) return 'other'
    if (equalBytes(systemTitle, this.#security.systemTitle)) return 'server'
    return equalBytes(systemTitle, this.#clientSystemTitle) ? 'client' : 'other'
  }
}

const typeOf = ({ purpose }: Certificate): CertificateType => purpose ?? 'other'
