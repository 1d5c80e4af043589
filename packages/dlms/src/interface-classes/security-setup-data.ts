import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import type { KeyDatum, KeyPairPurpose, TransferKeyId } from '../security/security-module.ts'

// The parameters of class 64, both directions: client and server read the same tables.

/** @source Blue Book ed. 14 §4.4.7.3, certificate_type */
export const certificateTypes = { 'digital-signature': 0, 'key-agreement': 1, tls: 2, other: 3 } as const
export type CertificateType = keyof typeof certificateTypes

/** @source Blue Book ed. 14 §4.4.7.2.6, certificate_entity */
export const certificateEntities = { server: 0, client: 1, 'certification-authority': 2, other: 3 } as const
export type CertificateEntity = keyof typeof certificateEntities

/** Which certificate is meant, in export and removal. */
export type CertificateIdentification =
  | {
      readonly by: 'entity'
      readonly entity: CertificateEntity
      readonly type: CertificateType
      readonly systemTitle: Uint8Array
    }
  | { readonly by: 'serial'; readonly serialNumber: Uint8Array; readonly issuer: Uint8Array }

const nameIn = <T extends string>(table: Readonly<Record<T, number>>, code: number | undefined): T | undefined =>
  (Object.keys(table) as T[]).find((name) => table[name] === code)

export const enumOf = (data: CosemData | undefined): number | undefined =>
  data?.type === 'enum' ? data.value : undefined

export const octetsOf = (data: CosemData | undefined): Uint8Array | undefined =>
  data?.type === 'octet-string' ? data.value : undefined

/** key_transfer_data and key_agreement_data: an array of structures of a key id and octets. */
export const keyDataOf = (keys: readonly KeyDatum[]): CosemData =>
  cosem.array(keys.map(({ keyId, keyData }) => cosem.structure(cosem.enumeration(keyId), cosem.octetString(keyData))))

/** Undefined for anything else. */
export function keyDataIn(data: CosemData | undefined): KeyDatum[] | undefined {
  if (data?.type !== 'array') return undefined
  const keys: KeyDatum[] = []
  for (const entry of data.value) {
    const fields = entry.type === 'structure' ? entry.value : []
    const keyId = enumOf(fields[0])
    const keyData = octetsOf(fields[1])
    if (fields.length !== 2 || keyData === undefined || !isKeyId(keyId)) return undefined
    keys.push({ keyId, keyData })
  }
  return keys
}

const isKeyId = (value: number | undefined): value is TransferKeyId =>
  value === 0 || value === 1 || value === 2 || value === 3

/** Of a parameter that names a key pair. */
export function purposeIn(data: CosemData | undefined): KeyPairPurpose | undefined {
  const type = nameIn(certificateTypes, enumOf(data))
  return type === 'other' ? undefined : type
}

export function identificationData(identification: CertificateIdentification): CosemData {
  if (identification.by === 'serial') {
    const { serialNumber, issuer } = identification
    return cosem.structure(
      cosem.enumeration(1),
      cosem.structure(cosem.octetString(serialNumber), cosem.octetString(issuer)),
    )
  }
  const { entity, type, systemTitle } = identification
  return cosem.structure(
    cosem.enumeration(0),
    cosem.structure(
      cosem.enumeration(certificateEntities[entity]),
      cosem.enumeration(certificateTypes[type]),
      cosem.octetString(systemTitle),
    ),
  )
}

export function identificationIn(data: CosemData | undefined): CertificateIdentification | undefined {
  const [choice, details] = data?.type === 'structure' && data.value.length === 2 ? data.value : []
  const fields = details?.type === 'structure' ? details.value : []
  if (enumOf(choice) === 0 && fields.length === 3) {
    const entity = nameIn(certificateEntities, enumOf(fields[0]))
    const type = nameIn(certificateTypes, enumOf(fields[1]))
    const systemTitle = octetsOf(fields[2])
    const isWhole = entity !== undefined && type !== undefined && systemTitle !== undefined
    return isWhole ? { by: 'entity', entity, type, systemTitle } : undefined
  }
  if (enumOf(choice) === 1 && fields.length === 2) {
    const serialNumber = octetsOf(fields[0])
    const issuer = octetsOf(fields[1])
    return serialNumber !== undefined && issuer !== undefined ? { by: 'serial', serialNumber, issuer } : undefined
  }
  return undefined
}
