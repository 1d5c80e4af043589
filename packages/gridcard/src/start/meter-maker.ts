import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatBytes } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain, type StaticKeys } from '@gridcard/crypto'
import {
  type MeterRelease,
  meterHardware,
  meterSoftwareTarget,
  meterSoftwareType,
  versionText,
} from '@gridcard/devices'
import { keptPrivateKey, type SecretStore } from '@gridcard/headend'
import { emitImageHeader, emitSignedImage, integrityPurposes } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'

const curve = ecDomain('P-256')
const ISSUER_KEY_BYTES = 16

/** Whoever makes a street's meters and their software: keys of the street's own, and what was signed with them. */
export interface MeterMaker {
  /** Master keys of its cards' issuer security domains. */
  readonly issuer: StaticKeys
  readonly publicKey: Uint8Array
  /** Signed images, oldest first. */
  readonly images: readonly Uint8Array[]
}

/**
 * Keys are made with the street and sealed, images lie in the folder, each made when its release is met for the first time. What
 * was shipped stays what it is, whatever the program of a later start would make of that release.
 *
 * @throws LauncherError `GRIDCARD_STREET_DAMAGED`
 * @throws HeadendError `HEADEND_DATA_DAMAGED`
 */
export async function openMeterMaker(o: {
  readonly folder: string
  readonly releases: readonly MeterRelease[]
  readonly crypto: CryptoProvider
  readonly secrets: SecretStore
}): Promise<MeterMaker> {
  const { folder, releases, crypto, secrets } = o
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // an earlier version kept it unsealed
  const openKeyFile = join(folder, 'maker.key')
  const privateKey = await keptPrivateKey(secrets, { name: 'maker', crypto, openKeyFile })
  const signer = crypto.createEcdsaSigner({ domain: curve, hash: 'sha256', encoding: 'plain' }, privateKey)
  const ship = ({ version, rollback, body }: MeterRelease): Uint8Array => {
    const header = emitImageHeader({
      type: meterSoftwareType,
      hardwareMin: meterHardware,
      hardwareMax: meterHardware,
      target: meterSoftwareTarget,
      version,
      rollback,
      sizeBytes: body.length,
      hash: crypto.sha256(body),
    })
    const signature = signer.sign(concatBytes(integrityPurposes.image, header))
    return emitSignedImage({ signedHeader: concatBytes(header, signature), body })
  }
  const shipped = (release: MeterRelease): Uint8Array => {
    const file = join(folder, `meter-${versionText(release.version)}.image`)
    if (!existsSync(file)) {
      writeFileSync(`${file}.new`, ship(release))
      renameSync(`${file}.new`, file)
    }
    return new Uint8Array(readFileSync(file))
  }
  return {
    issuer: await issuerKeys(secrets, crypto),
    publicKey: crypto.ecPublicKey(curve, privateKey),
    images: releases.map(shipped),
  }
}

async function issuerKeys(secrets: SecretStore, crypto: CryptoProvider): Promise<StaticKeys> {
  const name = 'card-issuer'
  let keys = secrets.findSecret(name)
  if (keys === undefined) {
    keys = crypto.randomBytes(3 * ISSUER_KEY_BYTES)
    await secrets.putSecret(name, keys)
  }
  if (keys.length !== 3 * ISSUER_KEY_BYTES) {
    throw new LauncherError('GRIDCARD_STREET_DAMAGED', 'the keys of the issuer of the cards are damaged')
  }
  const part = (n: number) => keys.slice(n * ISSUER_KEY_BYTES, (n + 1) * ISSUER_KEY_BYTES)
  return { enc: part(0), mac: part(1), dek: part(2) }
}
