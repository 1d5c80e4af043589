// Outside truth: values printed in standards, as hex.

const SP_800_38A_BLOCKS =
  '6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51 30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710'
const KEY_128 = '2b7e151628aed2a6abf7158809cf4f3c'
const KEY_192 = '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b'
const KEY_256 = '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4'

/** FIPS 197 appendix C; SP 800-38A F.1.1 and F.1.5. */
export const ECB = [
  {
    source: 'FIPS 197 C.1',
    key: '000102030405060708090a0b0c0d0e0f',
    plaintext: '00112233445566778899aabbccddeeff',
    ciphertext: '69c4e0d86a7b0430d8cdb78070b4c55a',
  },
  {
    source: 'FIPS 197 C.2',
    key: '000102030405060708090a0b0c0d0e0f1011121314151617',
    plaintext: '00112233445566778899aabbccddeeff',
    ciphertext: 'dda97ca4864cdfe06eaf70a0ec0d7191',
  },
  {
    source: 'FIPS 197 C.3',
    key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    plaintext: '00112233445566778899aabbccddeeff',
    ciphertext: '8ea2b7ca516745bfeafc49904b496089',
  },
  {
    source: 'SP 800-38A F.1.1',
    key: KEY_128,
    plaintext: SP_800_38A_BLOCKS,
    ciphertext:
      '3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf 43b1cd7f598ece23881b00e3ed030688 7b0c785e27e8ad3f8223207104725dd4',
  },
  {
    source: 'SP 800-38A F.1.5',
    key: KEY_256,
    plaintext: SP_800_38A_BLOCKS,
    ciphertext:
      'f3eed1bdb5d2a03c064b5a7e3db181f8 591ccb10d410ed26dc5ba74a31362870 b6ed21b99ca6f4f9f153e7b1beafed1d 23304b7a39f9f3ff067d8d8f9e24ecc7',
  },
] as const

/** SP 800-38A F.2.1, F.2.3, F.2.5. */
export const CBC = [
  {
    source: 'SP 800-38A F.2.1',
    key: KEY_128,
    iv: '000102030405060708090a0b0c0d0e0f',
    plaintext: SP_800_38A_BLOCKS,
    ciphertext:
      '7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2 73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7',
  },
  {
    source: 'SP 800-38A F.2.3',
    key: KEY_192,
    iv: '000102030405060708090a0b0c0d0e0f',
    plaintext: SP_800_38A_BLOCKS,
    ciphertext:
      '4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a 571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd',
  },
  {
    source: 'SP 800-38A F.2.5',
    key: KEY_256,
    iv: '000102030405060708090a0b0c0d0e0f',
    plaintext: SP_800_38A_BLOCKS,
    ciphertext:
      'f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d 39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b',
  },
] as const

/** RFC 4493 §4; the 192- and 256-bit keys from SP 800-38B D.2 and D.3. */
export const CMAC = [
  { source: 'RFC 4493 example 1', key: KEY_128, message: '', mac: 'bb1d6929e95937287fa37d129b756746' },
  {
    source: 'RFC 4493 example 2',
    key: KEY_128,
    message: '6bc1bee22e409f96e93d7e117393172a',
    mac: '070a16b46b4d4144f79bdd9dd04a287c',
  },
  {
    source: 'RFC 4493 example 3',
    key: KEY_128,
    message: '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411',
    mac: 'dfa66747de9ae63030ca32611497c827',
  },
  { source: 'RFC 4493 example 4', key: KEY_128, message: SP_800_38A_BLOCKS, mac: '51f0bebf7e3b9d92fc49741779363cfe' },
  { source: 'SP 800-38B D.2', key: KEY_192, message: '', mac: 'd17ddf46adaacde531cac483de7a9367' },
  { source: 'SP 800-38B D.3', key: KEY_256, message: '', mac: '028962f61b7bf89efc6b551f4667d983' },
] as const

const GCM_PLAINTEXT =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
const GCM_AAD = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'

/** The test cases with 96-bit IVs that were submitted with GCM (McGrew and Viega, appendix B), and which SP 800-38D rests on. */
export const GCM = [
  {
    source: 'GCM test case 1',
    key: '00'.repeat(16),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: '58e2fccefa7e3061367f1d57a4e7455a',
  },
  {
    source: 'GCM test case 2',
    key: '00'.repeat(16),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    ciphertext: '0388dace60b6a392f328c2b971b2fe78',
    tag: 'ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    source: 'GCM test case 3',
    key: 'feffe9928665731c6d6a8f9467308308',
    iv: 'cafebabefacedbaddecaf888',
    aad: '',
    plaintext: GCM_PLAINTEXT,
    ciphertext:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985',
    tag: '4d5c2af327cd64a62cf35abd2ba6fab4',
  },
  {
    source: 'GCM test case 4',
    key: 'feffe9928665731c6d6a8f9467308308',
    iv: 'cafebabefacedbaddecaf888',
    aad: GCM_AAD,
    plaintext: GCM_PLAINTEXT.slice(0, 120),
    ciphertext:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    tag: '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    source: 'GCM test case 7',
    key: '00'.repeat(24),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: 'cd33b28ac773f74ba00ed1f312572435',
  },
  {
    source: 'GCM test case 14',
    key: '00'.repeat(32),
    iv: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    ciphertext: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    source: 'GCM test case 16',
    key: 'feffe9928665731c6d6a8f9467308308'.repeat(2),
    iv: 'cafebabefacedbaddecaf888',
    aad: GCM_AAD,
    plaintext: GCM_PLAINTEXT.slice(0, 120),
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
] as const

const GREEN_BOOK_KEY = '000102030405060708090A0B0C0D0E0F'
const GREEN_BOOK_AK = 'D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'

/** The worked examples of DLMS (Green Book §9.2): 12-byte tag, IV = system title and invocation counter, AAD = security control and AK. */
export const GREEN_BOOK = [
  {
    source: 'glo-get-request, authenticated encryption',
    key: GREEN_BOOK_KEY,
    iv: '4D4D4D0000BC614E 01234567',
    aad: `30 ${GREEN_BOOK_AK}`,
    plaintext: 'C0010000080000010000FF0200',
    ciphertext: '411312FF935A47566827C467BC',
    tag: '7D825C3BE4A77C3FCC056B6B',
  },
  {
    source: 'glo-initiate-request with a dedicated key',
    key: GREEN_BOOK_KEY,
    iv: '4D4D4D0000BC614E 01234567',
    aad: `30 ${GREEN_BOOK_AK}`,
    plaintext: '01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0',
    ciphertext: '801302FF8A7874133D414CED25B42534D28DB0047720606B175BD52211BE68',
    tag: '41DB204D39EE6FDB8E356855',
  },
  {
    source: 'HLS mechanism 5, the answer of the client to the challenge 503677524A323146',
    key: GREEN_BOOK_KEY,
    iv: '4D4D4D0000000001 00000001',
    aad: `10 ${GREEN_BOOK_AK} 503677524A323146`,
    plaintext: '',
    ciphertext: '',
    tag: '1A52FE7DD3E72748973C1E28',
  },
  {
    source: 'data-notification under general-glo-ciphering',
    key: '4D5944554D4D59474C4F42414C4B4559',
    iv: '2F19229199164103 000001E5',
    aad: '30 4D5944554D4D59474C4F42414C4B4559',
    plaintext: '0F000001DB000922125A8591360000000049000000110000000A5A8513D014800000000D0000000A0100',
    ciphertext: '025CE9D2271FD78BE8C204211A916A9D7F587E0A7A814CADEA89E9593F01F92EA8C087B5BDFDEFEAB6BE',
    tag: 'CF282DFE49C08F5BE6DC8400',
  },
] as const

/** RFC 3394 §4. */
export const KEY_WRAP = [
  {
    source: 'RFC 3394 §4.1',
    kek: '000102030405060708090A0B0C0D0E0F',
    keyData: '00112233445566778899AABBCCDDEEFF',
    wrapped: '1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5',
  },
  {
    source: 'RFC 3394 §4.2',
    kek: '000102030405060708090A0B0C0D0E0F1011121314151617',
    keyData: '00112233445566778899AABBCCDDEEFF',
    wrapped: '96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D',
  },
  {
    source: 'RFC 3394 §4.6',
    kek: '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',
    keyData: '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F',
    wrapped: '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21',
  },
] as const

/** FIPS 180-2 appendix B, as ASCII. */
export const SHA_256 = [
  { message: '', digest: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
  { message: 'abc', digest: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' },
  {
    message: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    digest: '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  },
  { message: 'a'.repeat(1_000_000), digest: 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0' },
] as const
