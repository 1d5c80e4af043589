import { readFile, rm } from 'node:fs/promises'
import { fromHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import { HeadendError, isSystemError } from '../errors.ts'
import type { SecretStore } from './key-store.ts'

const KEY_BYTES = 32

/**
 * A private key on P-256 of the head-end's own, made when it is first asked for.
 *
 * @param o `openKeyFile`: where an earlier version kept it, as hex; it is taken over, and the file goes once it is sealed
 * @throws HeadendError `HEADEND_DATA_DAMAGED`
 */
export async function keptPrivateKey(
  secrets: SecretStore,
  o: {
    readonly name: string
    readonly crypto: Pick<CryptoProvider, 'generateEcPrivateKey'>
    readonly openKeyFile?: string
  },
): Promise<Uint8Array> {
  const sealed = secrets.findSecret(o.name)
  if (sealed !== undefined) {
    if (sealed.length !== KEY_BYTES) throw new HeadendError('HEADEND_DATA_DAMAGED', `the secret ${o.name} is no key`)
    return sealed
  }
  const open = o.openKeyFile === undefined ? undefined : await readOpenKey(o.openKeyFile)
  const privateKey = open ?? o.crypto.generateEcPrivateKey(ecDomain('P-256'))
  await secrets.putSecret(o.name, privateKey)
  if (open !== undefined) await rm(o.openKeyFile!)
  return privateKey
}

async function readOpenKey(path: string): Promise<Uint8Array | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
  if (!/^[0-9A-F]{64}\n$/.test(text)) throw new HeadendError('HEADEND_DATA_DAMAGED', `${path} holds no key`)
  return fromHex(text.trim())
}
