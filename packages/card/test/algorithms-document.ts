import { type ApiClass, apiPackages } from '@gridcard/cap'
import { NativeObjects } from './native-objects.ts'
import { TEST_PROFILE, VmFixture } from './vm-fixture.ts'

interface Section {
  readonly title: string
  readonly className: string
  /** Which constants are algorithms. */
  readonly constants: RegExp
  readonly call: string
  /** The arguments that ask for one, of which any may be granted. */
  arguments(value: number): readonly (readonly number[])[]
}

const PADDINGS: readonly number[] = Array.from({ length: 28 }, (_, padding) => padding)
const SIZES: readonly number[] = [64, 128, 192, 256, 512, 1024, 113]
const security = (member: string) => `javacard/security/${member}`

const SECTIONS: readonly Section[] = [
  {
    title: 'MessageDigest',
    className: security('MessageDigest'),
    constants: /^ALG_/,
    call: security('MessageDigest.getInstance(BZ)Ljavacard/security/MessageDigest;'),
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'InitializedMessageDigest',
    className: security('MessageDigest'),
    constants: /^ALG_/,
    call: security('MessageDigest.getInitializedMessageDigestInstance(BZ)Ljavacard/security/InitializedMessageDigest;'),
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'Signature',
    className: security('Signature'),
    constants: /^ALG_/,
    call: security('Signature.getInstance(BZ)Ljavacard/security/Signature;'),
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'Signature by digest, cipher and padding',
    className: security('Signature'),
    constants: /^SIG_CIPHER_/,
    call: security('Signature.getInstance(BBBZ)Ljavacard/security/Signature;'),
    arguments: (value) => PADDINGS.flatMap((padding) => [0, 1, 4].map((digest) => [digest, value, padding, 0])),
  },
  {
    title: 'Cipher',
    className: 'javacardx/crypto/Cipher',
    constants: /^ALG_/,
    call: 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;',
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'Cipher by cipher and padding',
    className: 'javacardx/crypto/Cipher',
    constants: /^CIPHER_/,
    call: 'javacardx/crypto/Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;',
    arguments: (value) => PADDINGS.map((padding) => [value, padding, 0]),
  },
  {
    title: 'Paddings of CIPHER_RSA',
    className: 'javacardx/crypto/Cipher',
    constants: /^PAD_/,
    call: 'javacardx/crypto/Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;',
    arguments: (value) => [[7, value, 0]],
  },
  {
    title: 'AEADCipher',
    className: 'javacardx/crypto/AEADCipher',
    constants: /^ALG_/,
    call: 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;',
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'AEADCipher by cipher, with PAD_NULL',
    className: 'javacardx/crypto/AEADCipher',
    constants: /^CIPHER_/,
    call: 'javacardx/crypto/Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;',
    arguments: (value) => [[value, 0, 0]],
  },
  {
    title: 'Paddings of SIG_CIPHER_RSA',
    className: 'javacardx/crypto/Cipher',
    constants: /^PAD_/,
    call: security('Signature.getInstance(BBBZ)Ljavacard/security/Signature;'),
    arguments: (value) => [[1, 3, value, 0]],
  },
  {
    title: 'KeyBuilder.buildKey, in one size at least',
    className: security('KeyBuilder'),
    constants: /^TYPE_(?!XEC)/,
    call: security('KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;'),
    arguments: (value) => SIZES.map((size) => [value, size, 0]),
  },
  {
    title: 'NamedParameterSpec, for KeyBuilder.buildXECKey (TYPE_XEC)',
    className: security('NamedParameterSpec'),
    constants: /./,
    call: security('NamedParameterSpec.getInstance(S)Ljavacard/security/NamedParameterSpec;'),
    arguments: (value) => [[value]],
  },
  {
    title: 'Parameters to share, for KeyBuilder.buildKey by algorithm and memory',
    className: security('KeyBuilder'),
    constants: /^ALG_TYPE_.*_PARAMETERS$/,
    call: security('KeyBuilder.buildKey(BBSZ)Ljavacard/security/Key;'),
    arguments: (value) => SIZES.map((size) => [value, 0, size, 0]),
  },
  {
    title: 'KeyAgreement',
    className: security('KeyAgreement'),
    constants: /^ALG_/,
    call: security('KeyAgreement.getInstance(BZ)Ljavacard/security/KeyAgreement;'),
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'DerivationFunction',
    className: 'javacardx/security/derivation/DerivationFunction',
    constants: /^ALG_/,
    call: 'javacardx/security/derivation/DerivationFunction.getInstance(SZ)Ljavacardx/security/derivation/DerivationFunction;',
    arguments: (value) => [[value, 0]],
  },
  {
    title: 'CertificateParser',
    className: 'javacardx/security/cert/CertificateParser',
    constants: /^TYPE_/,
    call: 'javacardx/security/cert/CertificateParser.getInstance(S)Ljavacardx/security/cert/CertificateParser;',
    arguments: (value) => [[value]],
  },
  {
    title: 'RandomData',
    className: security('RandomData'),
    constants: /^ALG_/,
    call: security('RandomData.getInstance(B)Ljavacard/security/RandomData;'),
    arguments: (value) => [[value]],
  },
  {
    title: 'Checksum',
    className: security('Checksum'),
    constants: /^ALG_/,
    call: security('Checksum.getInstance(BZ)Ljavacard/security/Checksum;'),
    arguments: (value) => [[value, 0]],
  },
]

const INTRODUCTION = `# Algorithms

What the card answers when an applet asks for each algorithm of the API, level 3.2: yes is an object, no is
\`CryptoException\` with \`NO_SUCH_ALGORITHM\`. Made by asking a card; a test compares. Do not edit.
`

/** `docs/algorithms.md`, by calling getInstance and buildKey. */
export function algorithmsDocument(): string {
  const classes = apiPackages('3.2.0').flatMap((one) => one.classes)
  const tables = SECTIONS.map((section) => {
    const found = classes.find((one) => one.name === section.className)!
    const rows = constantsOf(found, section).map(
      ([name, value]) => `| ${name} | ${value} | ${answer(section, value)} |`,
    )
    return `## ${section.title}\n\n| constant | value | |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  return [INTRODUCTION, ...tables].join('\n')
}

function constantsOf(found: ApiClass, { constants }: Section): (readonly [string, number])[] {
  const named = found.fields.filter((one) => constants.test(one.name))
  return named.map((one) => [one.name, Number(one.value)] as const).sort((a, b) => a[1] - b[1])
}

function answer(section: Section, value: number): 'yes' | 'no' {
  const api = new NativeObjects(new VmFixture({ profile: { ...TEST_PROFILE, nvSizeBytes: 65536 } }))
  for (const args of section.arguments(value)) {
    const result = api.callStatic(section.call, ...args)
    if ('value' in result) return 'yes'
    if (result.thrown !== 'CryptoException' || result.reason !== 3) throw new Error(`${section.call}: ${result.thrown}`)
  }
  return 'no'
}
