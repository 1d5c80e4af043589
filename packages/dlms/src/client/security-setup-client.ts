import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import {
  type CertificateIdentification,
  certificateTypes,
  identificationData,
  keyDataIn,
  keyDataOf,
} from '../interface-classes/security-setup-data.ts'
import {
  isRefusal,
  type KeyManagement,
  type KeyPairPurpose,
  type SecurityModule,
  type SecurityRefusal,
  type TransferKeyId,
} from '../security/security-module.ts'
import type { DlmsClient } from './dlms-client.ts'
import { refusalError } from './response-errors.ts'

export interface SecuritySetupClientOptions {
  /** Associated. */
  readonly client: Pick<DlmsClient, 'action'>
  /** Default 0.0.43.0.0.255. */
  readonly logicalName?: string
  /** The module and slot of the association; changing keys needs its `keyManagement`. */
  readonly security: SecurityModule
  readonly slot: number
}

/**
 * The methods of a meter's security setup (class 64). Keys change in the meter and in the own module together: when the
 * meter has answered that it has them, the module takes them too. An answer that is lost leaves both possible; the old
 * keys are still those of the module then.
 * @throws DlmsError `DLMS_ACTION_REFUSED`, `DLMS_SECURITY_REFUSED`, and all that `DlmsClient.action` throws
 * @source Blue Book ed. 14 §4.4.7.3
 */
export class SecuritySetupClient {
  readonly #options: SecuritySetupClientOptions

  constructor(options: SecuritySetupClientOptions) {
    this.#options = options
  }

  /** @param policy bits of `security_policy` (version 1), or its enum (version 0) */
  async activate(policy: number): Promise<void> {
    await this.#invoke(1, cosem.enumeration(policy))
  }

  /** Fresh keys, wrapped under the master key. */
  async transferKeys(keyIds: readonly TransferKeyId[]): Promise<void> {
    const { slot } = this.#options
    const keys = this.#keys()
    try {
      await this.#invoke(2, keyDataOf(granted(await keys.makeKeys(slot, keyIds))))
    } catch (error) {
      keys.discard(slot)
      throw error
    }
    await keys.commit(slot)
  }

  /** Fresh keys that both ends compute; suites 1 and 2. */
  async agreeOnKeys(keyIds: readonly TransferKeyId[]): Promise<void> {
    const { slot } = this.#options
    const keys = this.#keys()
    try {
      const answer = await this.#invoke(3, keyDataOf(granted(await keys.beginAgreement(slot, keyIds))))
      const data = keyDataIn(answer)
      if (data === undefined) throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'no key agreement data')
      granted(await keys.finishAgreement(slot, data))
    } catch (error) {
      keys.discard(slot)
      throw error
    }
    await keys.commit(slot)
  }

  async generateKeyPair(purpose: KeyPairPurpose): Promise<void> {
    await this.#invoke(4, cosem.enumeration(certificateTypes[purpose]))
  }

  /** PKCS #10, DER. */
  requestCertificate(purpose: KeyPairPurpose): Promise<Uint8Array> {
    return this.#octets(5, cosem.enumeration(certificateTypes[purpose]))
  }

  async importCertificate(der: Uint8Array): Promise<void> {
    await this.#invoke(6, cosem.octetString(der))
  }

  /** X.509, DER. */
  exportCertificate(identification: CertificateIdentification): Promise<Uint8Array> {
    return this.#octets(7, identificationData(identification))
  }

  async removeCertificate(identification: CertificateIdentification): Promise<void> {
    await this.#invoke(8, identificationData(identification))
  }

  async #octets(methodIndex: number, parameter: CosemData): Promise<Uint8Array> {
    const answer = await this.#invoke(methodIndex, parameter)
    if (answer?.type === 'octet-string') return answer.value
    throw new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'no octet-string')
  }

  #invoke(methodIndex: number, parameter: CosemData): Promise<CosemData | undefined> {
    const { client, logicalName = '0.0.43.0.0.255' } = this.#options
    return client.action({ classId: 64, logicalName, methodIndex }, parameter)
  }

  #keys(): KeyManagement {
    const { keyManagement } = this.#options.security
    if (keyManagement === undefined) throw refusalError({ refused: 'unsupported' })
    return keyManagement
  }
}

function granted<T extends object>(result: T | SecurityRefusal): Exclude<T, SecurityRefusal> {
  if (isRefusal(result)) throw refusalError(result)
  return result as Exclude<T, SecurityRefusal>
}
