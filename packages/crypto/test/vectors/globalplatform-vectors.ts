// What real cards and their clients said to each other, from the tests of public projects, as hex.
import type { KeyDiversification } from '../../src/index.ts'

interface Scp02Vector {
  readonly source: string
  readonly enc: string
  readonly mac: string
  readonly hostChallenge: string
  readonly sequenceCounter: string
  readonly cardChallenge: string
  readonly cardCryptogram: string
  readonly hostCryptogram: string
  /** What the MAC is over, and the MAC; the first is EXTERNAL AUTHENTICATE. */
  readonly commands: readonly (readonly string[])[]
}

export const scp02Vectors: readonly Scp02Vector[] = [
  {
    source: 'with a MAC on each of the four cases, from the tests of pySim',
    enc: '100102030405060708090a0b0c0d0e0f',
    mac: '101102030405060708090a0b0c0d0e0f',
    hostChallenge: '40a62c37fa6304f8',
    sequenceCounter: '0001',
    cardChallenge: '6b4524abee7c',
    cardCryptogram: 'f32ea3838bc148f3',
    hostCryptogram: 'ba6961667737c5bc',
    commands: [
      ['8482010010ba6961667737c5bc', 'ebece14c7d6a4376'],
      ['84f2200208', '14db34fa4341dca8'],
      ['84ca006608', '55ed7c5ff069512b'],
      ['84f22002124f0212345c054f9f70c5', '8fc1b380c4228af8'],
      ['84f280020a4f00', '3b95f09317de6a4e'],
    ],
  },
  {
    source: 'GET STATUS of a card, from the tests of kaoh/globalplatform',
    enc: '404142434445464748494a4b4c4d4e4f',
    mac: '404142434445464748494a4b4c4d4e4f',
    hostChallenge: 'd5ad539a60ca5e72',
    sequenceCounter: '069f',
    cardChallenge: 'aa2a0591e733',
    cardCryptogram: '67dd78794d04315e',
    hostCryptogram: '7c799b3c771dbae6',
    commands: [
      ['84820100107c799b3c771dbae6', 'bef49310977617ba'],
      ['84f220020a4f00', 'bb6e71c0efcfcf0d'],
    ],
  },
]

interface Scp03Vector {
  readonly source: string
  readonly enc: string
  readonly mac: string
  /** Of the application that opened the channel. */
  readonly aid: string
  readonly hostChallenge: string
  /** Of a pseudo-random card challenge. */
  readonly sequenceCounter?: string
  readonly cardChallenge: string
  readonly cardCryptogram: string
  readonly hostCryptogram: string
  /** The first is EXTERNAL AUTHENTICATE. */
  readonly exchanges: readonly Scp03Exchange[]
}

interface Scp03Exchange {
  readonly header: string
  readonly data: string
  /** The data as sent, without the MAC. */
  readonly sent: string
  readonly mac: string
  readonly encrypted: boolean
  readonly response?: { readonly plain: string; readonly received: string; readonly rMac: string }
}

export const scp03Vectors: readonly Scp03Vector[] = [
  {
    source: 'a card with AES-128, security level 11, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: 'b13e5f938fc108c4',
    sequenceCounter: '000002',
    cardChallenge: '3eb51047495b249f',
    cardCryptogram: '66c484c1d2ef1948',
    hostCryptogram: '7d5f5826a993ebc8',
    exchanges: [
      {
        header: '8482110010',
        data: '7d5f5826a993ebc8',
        sent: '7d5f5826a993ebc8',
        mac: '9eea24957fa0b3ce',
        encrypted: false,
      },
      {
        header: '84e291000e',
        data: 'bf3e035c015a',
        sent: 'bf3e035c015a',
        mac: '558d036518a28297',
        encrypted: false,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'bf3e125a1089882119900000000000000000000005',
          rMac: '971be68992dbbdfa',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: '63a63f8959827fb2', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: 'a0c6a4a74166f7ce', encrypted: false },
      {
        header: '84f2200212',
        data: '4f0212345c054f9f70c5',
        sent: '4f0212345c054f9f70c5',
        mac: '2249b50272656536',
        encrypted: false,
      },
      { header: '84f280020a', data: '4f00', sent: '4f00', mac: 'e91443f6dce6b8ed', encrypted: false },
    ],
  },
  {
    source: 'a card with AES-128, security level 03, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '8e1552d0513c60f3',
    sequenceCounter: '000001',
    cardChallenge: '30760cd2c47c1dd3',
    cardCryptogram: '95065fe5ead8a9d7',
    hostCryptogram: 'fd4721a14d9b0700',
    exchanges: [
      {
        header: '8482030010',
        data: 'fd4721a14d9b0700',
        sent: 'fd4721a14d9b0700',
        mac: '3c451d2f8ae6bb21',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: 'ca9c00f6713d79bc8baa642bdff51c3f',
        mac: '6a4082d3bd9ad26c',
        encrypted: true,
      },
      { header: '84f2200208', data: '', sent: '', mac: 'c9811b11f1264cf1', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: 'e10ab60b30547988', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: '4e2908bdb48b2315a55482e9e936ca12',
        mac: '2d6ecfae7d17416e',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: '0dd10a6b6193e5340b9e77d32d5a179c',
        mac: 'd710ac2773aefb28',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card with AES-128, security level 33, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: 'fdf38259a1e0de44',
    sequenceCounter: '000003',
    cardChallenge: '3b1aca81e821f219',
    cardCryptogram: '081cdc01c26b372d',
    hostCryptogram: '8c36f96bcc00724a',
    exchanges: [
      {
        header: '8482330010',
        data: '8c36f96bcc00724a',
        sent: '8c36f96bcc00724a',
        mac: '4e13ad591d7da3f0',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: '267a85dfe4a98fca6fb0527e0dfecce4',
        mac: '914e40401433c87f',
        encrypted: true,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb',
          rMac: '2e68f8a0144975b9',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: 'ac6a59024bed84cc', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '409912ad8fb7aed0', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: '5f3dafc3ac14c381536a488bf44e06d0',
        mac: '56df9d74dbd21e5a',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: '65165105be3373347d0424d4400af2ac',
        mac: '393f569ec779389e',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card with AES-192, security level 11, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f0001020304050607',
    mac: '101112131415161718191a1b1c1d1e1f1011121314151617',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '7396430b768b085b',
    sequenceCounter: '000003',
    cardChallenge: '8cfc23522ffdbf1e',
    cardCryptogram: '5df5542cac8fd866',
    hostCryptogram: '2145ed30b146f5db',
    exchanges: [
      {
        header: '8482110010',
        data: '2145ed30b146f5db',
        sent: '2145ed30b146f5db',
        mac: '252fb7e624cec244',
        encrypted: false,
      },
      {
        header: '84e291000e',
        data: 'bf3e035c015a',
        sent: 'bf3e035c015a',
        mac: 'ff42cf801d143944',
        encrypted: false,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'bf3e125a1089882119900000000000000000000005',
          rMac: '162fbd33e04940a9',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: '4584e4f6784811ee', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '937776ebe190fa30', encrypted: false },
      {
        header: '84f2200212',
        data: '4f0212345c054f9f70c5',
        sent: '4f0212345c054f9f70c5',
        mac: '9a52bddf3040368c',
        encrypted: false,
      },
      { header: '84f280020a', data: '4f00', sent: '4f00', mac: '9804b11411f7393d', encrypted: false },
    ],
  },
  {
    source: 'a card with AES-192, security level 03, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f0001020304050607',
    mac: '101112131415161718191a1b1c1d1e1f1011121314151617',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '69c65da8202bf19f',
    sequenceCounter: '000001',
    cardChallenge: 'b570a67be3844671',
    cardCryptogram: '7729d6dd3d2ec5b1',
    hostCryptogram: '65df4f1a356a8879',
    exchanges: [
      {
        header: '8482030010',
        data: '65df4f1a356a8879',
        sent: '65df4f1a356a8879',
        mac: '05466516d9e5b7c1',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: 'd2c6fb477c5d4afe4fd4d21f17eff10d',
        mac: '3578ec1774a12a2d',
        encrypted: true,
      },
      { header: '84f2200208', data: '', sent: '', mac: '964e188f0b1bb697', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: 'f0820035a41d3e18', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: '06b076ed452cd1fa84f77f5c08a146aa',
        mac: '77a9286757dea791',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: 'd06527e39222dce091fabdb8e9b89841',
        mac: '7a67a6852d3577db',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card with AES-192, security level 33, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f0001020304050607',
    mac: '101112131415161718191a1b1c1d1e1f1011121314151617',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '9b3f2eef0e8c9374',
    sequenceCounter: '000002',
    cardChallenge: 'f6bb305a15bae1a6',
    cardCryptogram: '8f79fb08212fbed7',
    hostCryptogram: '9100bc22d58b45b8',
    exchanges: [
      {
        header: '8482330010',
        data: '9100bc22d58b45b8',
        sent: '9100bc22d58b45b8',
        mac: '6a26365ce39ff3cf',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: '8f7f946c84f70d17994bc6e8791251bb',
        mac: '1bb1bf02cf8de589',
        encrypted: true,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'c05176c1b6f72aae50c32cbee63b0e95998928fd4dfb2be9f27ffde8c8476f59',
          rMac: '09b4805cc4039599',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: 'd5d97754b6b3d2ba', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '516c82b8e30adbeb', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: 'cc247f4761e6944277a4e0d6e32e4402',
        mac: '5b1e31537e2fc668',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: 'ba22b63d509bef5d093b43e5eaed03ed',
        mac: '23144ab2d9cb51de',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card with AES-256, security level 11, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '11666d57866c6f54',
    sequenceCounter: '000003',
    cardChallenge: '53ea8847efa7674e',
    cardCryptogram: '41498a4d66cf0dee',
    hostCryptogram: '2f2ad190eff2fafc',
    exchanges: [
      {
        header: '8482110010',
        data: '2f2ad190eff2fafc',
        sent: '2f2ad190eff2fafc',
        mac: '4908996d1cebd310',
        encrypted: false,
      },
      {
        header: '84e291000e',
        data: 'bf3e035c015a',
        sent: 'bf3e035c015a',
        mac: 'f4b680372542b59d',
        encrypted: false,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'bf3e125a1089882119900000000000000000000005',
          rMac: '8012dd7f01f1c4c1',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: 'd618b7da68d5fe52', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '8f3e055db23ad5e5', encrypted: false },
      {
        header: '84f2200212',
        data: '4f0212345c054f9f70c5',
        sent: '4f0212345c054f9f70c5',
        mac: 'b6e15cc42404915e',
        encrypted: false,
      },
      { header: '84f280020a', data: '4f00', sent: '4f00', mac: 'aa124aa74afe7f75', encrypted: false },
    ],
  },
  {
    source: 'a card with AES-256, security level 03, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: 'c6066990fc426e1d',
    sequenceCounter: '000001',
    cardChallenge: '8682cd81bbd8919f',
    cardCryptogram: '2de3f2664581f118',
    hostCryptogram: '77c493b632edadaf',
    exchanges: [
      {
        header: '8482030010',
        data: '77c493b632edadaf',
        sent: '77c493b632edadaf',
        mac: '865a1e64acc07ce9',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: '3ddaa60594963befaada3525b492ede2',
        mac: '3c2ab2c1ce3afe44',
        encrypted: true,
      },
      { header: '84f2200208', data: '', sent: '', mac: '480ddc8e419da38d', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '3e9d6a6c0b2d7320', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: '3ebfef2da8b04af2a85f491f299b7697',
        mac: '3df76ff08a4031be',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: '783fff80990f5585b1055010ea95094a',
        mac: '26e4a8f1ef4b18e1',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card with AES-256, security level 33, from the tests of pySim',
    enc: '000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f',
    mac: '101112131415161718191a1b1c1d1e1f101112131415161718191a1b1c1d1e1f',
    aid: 'a0000005591010ffffffff8900000100',
    hostChallenge: '97b2055fe58599fd',
    sequenceCounter: '000002',
    cardChallenge: 'a8439a22cedf045f',
    cardCryptogram: 'a9f1903b2834f26e',
    hostCryptogram: '508a0fd959d2e547',
    exchanges: [
      {
        header: '8482330010',
        data: '508a0fd959d2e547',
        sent: '508a0fd959d2e547',
        mac: 'c6b33154a6be2057',
        encrypted: false,
      },
      {
        header: '84e2910018',
        data: 'bf3e035c015a',
        sent: '7a5ef717eaf1e135ae92fe54429d0e46',
        mac: '5decda65f5fe5aea',
        encrypted: true,
        response: {
          plain: 'bf3e125a1089882119900000000000000000000005',
          received: 'ea90dbfa648a67c5eb6abc57f8530b97d0cd5647c5e8732016b55203b078dd2a',
          rMac: 'ce7f8bc5d1c1cd99',
        },
      },
      { header: '84f2200208', data: '', sent: '', mac: 'bcc5c17275545d93', encrypted: false },
      { header: '84ca006608', data: '', sent: '', mac: '04806aba9d543bb6', encrypted: false },
      {
        header: '84f2200218',
        data: '4f0212345c054f9f70c5',
        sent: '717222491556ec81a45f49ce48be3332',
        mac: '0024801a1c4cb0e0',
        encrypted: true,
      },
      {
        header: '84f2800218',
        data: '4f00',
        sent: '561f105bccd3a1642904b251ccc1228b',
        mac: 'eb80a82370a86370',
        encrypted: true,
      },
    ],
  },
  {
    source: 'a card that uses a short AID, from the tests of kaoh/globalplatform',
    enc: 'f995d0a069335c7df42e590317ffea6d',
    mac: '58563362ec5a4541abcd32b34b1eae7d',
    aid: 'a000000151000000',
    hostChallenge: '9bd6bf878fb8e991',
    sequenceCounter: '00001e',
    cardChallenge: '3c80c2cc87eb3a35',
    cardCryptogram: 'e4edba35e629c336',
    hostCryptogram: '23ebfedc579d22cd',
    exchanges: [
      {
        header: '8482030010',
        data: '23ebfedc579d22cd',
        sent: '23ebfedc579d22cd',
        mac: 'cdb6a25a5ff7891f',
        encrypted: false,
      },
    ],
  },
]

interface Diversification {
  readonly method: KeyDiversification
  readonly masterBytes: number
  readonly master: string
  readonly diversificationData: string
  /** Of the three keys. */
  readonly checkValues: readonly string[]
}

export const diversifications: readonly Diversification[] = [
  {
    method: 'emv',
    masterBytes: 16,
    master: '404142434445464748494a4b4c4d4e4f',
    diversificationData: '00010203040506070809',
    checkValues: ['C33013', '6F4CA6', 'BB8179'],
  },
  {
    method: 'visa2',
    masterBytes: 16,
    master: '404142434445464748494a4b4c4d4e4f',
    diversificationData: '00010203040506070809',
    checkValues: ['2BE598', '58DA38', '3C328E'],
  },
  {
    method: 'kdf3',
    masterBytes: 16,
    master: '404142434445464748494a4b4c4d4e4f',
    diversificationData: '00010203040506070809',
    checkValues: ['E79C05', 'D1BD77', '3FDE8C'],
  },
  {
    method: 'kdf3',
    masterBytes: 24,
    master: '404142434445464748494a4b4c4d4e4f5051525354555657',
    diversificationData: '00010203040506070809',
    checkValues: ['1DE8EA', '47C00C', 'C04D76'],
  },
  {
    method: 'kdf3',
    masterBytes: 32,
    master: '404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f',
    diversificationData: '00010203040506070809',
    checkValues: ['2972D2', '036F94', '5D57B8'],
  },
]
