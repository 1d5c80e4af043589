import 'reflect-metadata' // @peculiar/x509 wants it first
import { webcrypto } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type SecureVersion, type TLSSocket } from 'node:tls'
import { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** The types of Node and of the DOM differ in names only. */
const provider = webcrypto as Parameters<typeof X509CertificateGenerator.createSelfSigned>[1]
const notBefore = new Date('2020-01-01T00:00:00Z')
const notAfter = new Date('2120-01-01T00:00:00Z')

/** One end's key and certificate for TLS, as a device makes and renews them: nothing of them is on a card. */
export interface TlsIdentity {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`

/** A root, and a certificate for each name. */
export async function tlsIdentities(...names: readonly string[]): Promise<TlsIdentity[]> {
  const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const rootKeys = await newKeys()
  const root = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=test root',
      notBefore,
      notAfter,
      keys: rootKeys,
      signingAlgorithm: algorithm,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      ],
    },
    provider,
  )
  const ca = root.toString('pem')
  return Promise.all(
    names.map(async (name, index) => {
      const keys = await newKeys()
      const made = await X509CertificateGenerator.create(
        {
          serialNumber: `1${index}`,
          subject: `CN=${name}`,
          issuer: root.subject,
          notBefore,
          notAfter,
          signingKey: rootKeys.privateKey,
          publicKey: keys.publicKey,
          signingAlgorithm: algorithm,
          extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)],
        },
        provider,
      )
      const key = pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
      return { key, cert: made.toString('pem'), ca }
    }),
  )
}

export interface Channel {
  readonly client: TLSSocket
  readonly server: TLSSocket
  close(): void
}

/** An open channel on the loopback with certificates at both ends. */
export async function openChannel(
  client: TlsIdentity,
  server: TlsIdentity,
  version: SecureVersion = 'TLSv1.3',
): Promise<Channel> {
  const versions = { minVersion: version, maxVersion: version } as const
  const listener = createServer({ ...server, ...versions, requestCert: true, rejectUnauthorized: true })
  const accepted = new Promise<TLSSocket>((resolve, reject) => {
    listener.once('secureConnection', resolve).once('tlsClientError', reject)
  })
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
  const { port } = listener.address() as AddressInfo
  const ours = connect({
    ...client,
    ...versions,
    host: '127.0.0.1',
    port,
    checkServerIdentity: () => undefined, // names are the binding's
  })
  const [theirs] = await Promise.all([
    accepted,
    new Promise<void>((resolve, reject) => void ours.once('secureConnect', resolve).once('error', reject)),
  ])
  for (const socket of [ours, theirs]) socket.on('error', () => {})
  return {
    client: ours,
    server: theirs,
    close() {
      ours.destroy()
      theirs.destroy()
      listener.close()
    },
  }
}
