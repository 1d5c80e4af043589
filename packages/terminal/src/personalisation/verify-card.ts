import { concatBytes, equalBytes, fromAscii, fromHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { IntegrityClient } from '../integrity/integrity-client.ts'
import { IotSafeClient } from '../iot-safe/iot-safe-client.ts'
import { type CardRefusal, isCardRefusal } from '../meter-security-client.ts'
import { MeteringClient } from '../metering/metering-client.ts'
import { type CertificateUse, type Der, type IssueTime, requireCertificate } from './authority.ts'
import { type CardKeys, namedKeys } from './card-keys.ts'
import { lineIotSafeNames } from './line-plan.ts'
import { requireUsableKeys } from './usable-keys.ts'

/** Of one card; the last two if it has the Integrity applet, and the IoT SAFE applet. */
export interface CardCertificates {
  readonly sign: Der
  readonly agree: Der
  readonly attestation?: Der
  readonly tls?: Der
}

export interface VerifyCardOptions {
  readonly crypto: CryptoProvider
  readonly title: Uint8Array
  readonly suite: 0 | 1 | 2
  readonly certificates: CardCertificates
  readonly trust: IssueTime & { readonly root: Der; readonly authority: Der; readonly crl: Der }
  /** Without them (they are its owner's) only certificates are compared. */
  readonly keys?: CardKeys
  /** Who makes the device's software, who says that it runs. */
  readonly software?: { readonly manufacturer: Uint8Array; readonly responsible: Uint8Array }
}

export const differs = (why: string): TerminalError =>
  new TerminalError('TERMINAL_LINE_CARD_DIFFERS', `the card is not what the line made: ${why}`)

/**
 * Compares a card with what the line knows of it. The link is to a copy: sending a message takes a counter.
 *
 * @throws TerminalError `TERMINAL_LINE_CARD_DIFFERS`, `TERMINAL_LINE_CERTIFICATE`, `TERMINAL_LINE_KEY_REFUSED`
 */
export async function verifyCard(link: CardLink, o: VerifyCardOptions): Promise<void> {
  await link.powerOn()
  await verifyMetering(link, o)
  const { attestation, tls } = o.certificates
  if (attestation) await verifyIntegrity(link, o, attestation)
  if (tls) await verifyIotSafe(link, o, tls)
}

function isOther(answer: Uint8Array | CardRefusal, wanted: Uint8Array): boolean {
  return isCardRefusal(answer) || !equalBytes(answer, wanted)
}

const certified = (o: VerifyCardOptions, certificate: Der, use: CertificateUse) =>
  requireCertificate(certificate, { ...o.trust, use })

async function verifyMetering(link: CardLink, o: VerifyCardOptions): Promise<void> {
  const metering = new MeteringClient(link)
  await metering.select()
  const status = await metering.status()
  if (!equalBytes(status.systemTitle, o.title)) throw differs('it carries another title')
  if (status.lifeCycle !== 'operational') throw differs(`it is ${status.lifeCycle}`)
  for (const use of ['sign', 'agree'] as const) {
    const point = await certified(o, o.certificates[use], use)
    if (isOther(await metering.publicKey(o.suite === 2 ? 2 : 1, use), point)) {
      throw differs(`its key to ${use} is not the certified one`)
    }
  }
  if (o.keys) await verifyKeys(metering, o, o.keys)
}

/** A message of the card opens under the keys of the file. */
async function verifyKeys(metering: MeteringClient, { crypto, title }: VerifyCardOptions, keys: CardKeys) {
  requireUsableKeys(namedKeys(keys))
  const bound = await metering.bindDevice(fromHex(keys.deviceId))
  if (isCardRefusal(bound)) throw differs('it is bound to another device')
  const control = 0x30 | keys.suite
  const sent = await metering.protect(0, control, fromAscii('verify'))
  if (isCardRefusal(sent)) throw differs('it does not protect messages')
  const iv = new Uint8Array(12)
  iv.set(title)
  new DataView(iv.buffer).setUint32(8, sent.invocationCounter)
  const { unicast, authentication } = keys.slots[0]!
  const aad = concatBytes(Uint8Array.of(control), fromHex(authentication))
  if (crypto.gcmOpen(fromHex(unicast), iv, aad, sent.body, 12) === undefined) {
    throw differs('it has other keys than the file')
  }
}

async function verifyIntegrity(link: CardLink, o: VerifyCardOptions, certificate: Der): Promise<void> {
  const integrity = new IntegrityClient(link)
  await integrity.select()
  const { lifeCycle, systemTitle } = await integrity.status()
  if (lifeCycle !== 'operational') throw differs(`its Integrity applet is ${lifeCycle}`)
  if (!equalBytes(systemTitle, o.title)) throw differs('its Integrity applet carries another title')
  if (isOther(await integrity.publicKey('attestation'), await certified(o, certificate, 'sign'))) {
    throw differs('its key for quotes is not the certified one')
  }
  for (const party of ['manufacturer', 'responsible'] as const) {
    if (o.software && isOther(await integrity.publicKey(party), o.software[party])) {
      throw differs(`its ${party} of software is another`)
    }
  }
}

async function verifyIotSafe(link: CardLink, o: VerifyCardOptions, certificate: Der): Promise<void> {
  const store = new IotSafeClient(link)
  await store.select()
  const point = await certified(o, certificate, 'sign')
  if (isOther(await store.readPublicKey({ id: lineIotSafeNames.identity.id }), point)) {
    throw differs('its key for TLS is not the certified one')
  }
  const { root, authority } = o.trust
  for (const [name, content] of Object.entries({ certificate, root, authority })) {
    const { id } = lineIotSafeNames[name as 'certificate' | 'root' | 'authority']
    if (isOther(await store.readFile({ id }), content)) throw differs(`its file ${name} is another`)
  }
}
