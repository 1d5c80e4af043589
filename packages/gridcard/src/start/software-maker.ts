import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import {
  type MeterRelease,
  meterHardware,
  meterSoftwareTarget,
  meterSoftwareType,
  versionText,
} from '@gridcard/devices'
import { emitImageHeader, emitSignedImage, integrityPurposes } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'
import { writeFileAtomically } from './write-file-atomically.ts'

const curve = ecDomain('P-256')

/** Whoever makes the software of a street's meters: a key pair of the street's own, and what was signed with it. */
export interface SoftwareMaker {
  readonly publicKey: Uint8Array
  /** Signed images, oldest first. */
  readonly images: readonly Uint8Array[]
}

/**
 * Key and images lie in the folder; the key is made with the street, an image when its release is met for the first time. What
 * was shipped stays what it is, whatever the program of a later start would make of that release.
 *
 * @throws LauncherError `GRIDCARD_STREET_DAMAGED`
 */
export function openSoftwareMaker(
  folder: string,
  releases: readonly MeterRelease[],
  crypto: CryptoProvider,
): SoftwareMaker {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'maker.key')
  if (!existsSync(path)) writeFileAtomically(path, `${toHex(crypto.generateEcPrivateKey(curve))}\n`)
  const text = readFileSync(path, 'utf8')
  if (!/^[0-9A-F]{64}\n$/.test(text)) throw new LauncherError('GRIDCARD_STREET_DAMAGED', `${path} holds no key`)
  const privateKey = fromHex(text.trim())
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
  return { publicKey: crypto.ecPublicKey(curve, privateKey), images: releases.map(shipped) }
}
