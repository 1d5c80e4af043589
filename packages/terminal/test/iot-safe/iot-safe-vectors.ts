import { fromHex } from '@gridcard/bytes'

const text = (value: string) => new TextEncoder().encode(value)
const counting = (from: number, count: number) => Uint8Array.from({ length: count }, (_, i) => from + i)

/** RFC 6979 A.2.5: a key pair on P-256, signatures over "sample". */
export const rfc6979 = {
  privateKey: fromHex('C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721'),
  point: fromHex(
    '0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299',
  ),
  message: text('sample'),
  signatures: {
    sha256: fromHex(
      'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8',
    ),
    sha384: fromHex(
      '0EAFEA039B20E9B42309FB1D89E213057CBF973DC0CFC8F129EDDDC800EF77194861F0491E6998B9455193E34E7B0D284DDD7149A74B95B9261F13ABDE940954',
    ),
    sha512: fromHex(
      '8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F002362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE',
    ),
  },
} as const

/** HKDF-Extract with SHA-256: RFC 5869 A.1 to A.3; it is HMAC with the salt as key, so RFC 4231 §4.2 and §4.3, too. */
export const hkdfExtract = [
  {
    name: 'A.1',
    secret: new Uint8Array(22).fill(0x0b),
    salt: counting(0, 13),
    key: '077709362C2E32DF0DDC3F0DC47BBA6390B6C73BB50F9C3122EC844AD7C2B3E5',
  },
  {
    name: 'A.2, longer',
    secret: counting(0, 80),
    salt: counting(0x60, 80),
    key: '06A6B88C5853361A06104C9CEB35B45CEF760014904671014A193F40C15FC244',
  },
  {
    name: 'A.3, no salt',
    secret: new Uint8Array(22).fill(0x0b),
    salt: new Uint8Array(),
    key: '19EF24A32C717B167F33A91D6F648BDF96596776AFDB6377AC434C1C293CCB04',
  },
  {
    name: 'RFC 4231, 1',
    secret: text('Hi There'),
    salt: new Uint8Array(20).fill(0x0b),
    key: 'B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7',
  },
  {
    name: 'RFC 4231, 2',
    secret: text('what do ya want for nothing?'),
    salt: text('Jefe'),
    key: '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843',
  },
] as const

/** The PRF of TLS 1.2 with SHA-256. */
export const prf = [
  {
    // Posted to the TLS working group for RFC 5246 and since then in the tests of many libraries.
    name: 'test label',
    secret: fromHex('9BBE436BA940F017B17652849A71DB35'),
    labelAndSeed: Uint8Array.of(...text('test label'), ...fromHex('A0BA9F936CDA311827A6F796FFD5198C')),
    output:
      'E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A6B301791E90D35C9C9A46B4E14BAF9AF' +
      '0FA022F7077DEF17ABFD3797C0564BAB4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF70187347B66',
  },
  {
    // What the unit tests of ThalesGroup/iot-safe-middleware expect of an IoT SAFE applet.
    name: 'extended master secret',
    secret: fromHex('C0485B054863F6DFA458789768B9035C6CACB160DD1A01834811F5783309DB81'),
    labelAndSeed: Uint8Array.of(
      ...text('extended master secret'),
      ...fromHex('CE15B44D68440B652624244DB8D2FB7DD601C759E9EB627FB10529AB0DB76049'),
    ),
    output: 'A1F02A766DA04C8FD83A40E358267528F8D815C48E3DC353D55FE3861C350622C78B48FE6F49F6E13E1B6B175CFE59FB',
  },
] as const
