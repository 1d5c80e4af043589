import { fromAscii } from '@gridcard/bytes'
import { type CardLink, type IntegrityClient, integrityDataGroups } from '../../src/index.ts'
import { type CommandRow, type Recording, raw } from '../command-table.ts'
import {
  activation,
  first,
  image,
  NOW,
  order,
  own,
  personalisation,
  require,
  responsible,
  sha256,
} from './integrity-bench.ts'

export interface RowCard extends Pick<Recording, 'seen'> {
  readonly link: CardLink
  readonly client: IntegrityClient
  /** Power off and on, and the applet selected again. */
  restart(): Promise<void>
}

const second = image({ version: 2, rollback: 2 })
const third = image({ version: 3, rollback: 3 })
const digest = sha256(new Uint8Array(1))
const nonce = new Uint8Array(16)
const groups = integrityDataGroups(personalisation)
const quote = { mask: 0x11, nowSeconds: NOW, nonce }
const started = async ({ client }: RowCard, which = first) => {
  require(await client.verifyWholeImage(which, 'start'))
  return client.startImage(0)
}
/** A private key of nobody here. */
const stranger = sha256(new Uint8Array(7))

/** On an applet that was installed to take PUT DATA in clear, and not personalised: personalisation, then a device's life. */
export function integrityRows(): readonly CommandRow<RowCard>[] {
  let sealed: Uint8Array = new Uint8Array(0)
  return [
    {
      command: 'GET STATUS',
      before: ({ client }) => client.status(), // the boot is counted
      refused: [[0x6e00, 'another class', ({ link }) => raw(link, 0x90, 0x02)]],
      allowed: ({ client }) => client.status(),
    },
    {
      command: 'PUT DATA, all groups',
      refused: [
        [0x6a88, 'no such group', ({ client }) => client.putData({ identifier: 0x01aa, value: nonce })],
        [0x6700, 'identity of another length', ({ client }) => client.putData({ identifier: 0x0101, value: nonce })],
        [
          0x6a80,
          'a key that is no point',
          ({ client }) => client.putData({ identifier: 0x0102, value: new Uint8Array(65) }),
        ],
        [
          0x6985,
          'the end before the keys',
          ({ client }) => client.putData({ identifier: 0x01ff, value: new Uint8Array(0) }),
        ],
        [0x6985, 'QUOTE before the end', ({ client }) => client.quote(quote)],
      ],
      allowed: async ({ client }) => {
        for (const group of groups) require(await client.putData(group))
      },
    },
    {
      command: 'READ REGISTER',
      before: ({ restart }) => restart(),
      refused: [
        [0x6985, 'PUT DATA: personalisation is over', ({ client }) => client.putData(groups[0]!)],
        [0x6d00, 'an instruction that there is not', ({ link }) => raw(link, 0x80, 0x7e)],
        [0x6a86, 'no such register', ({ client }) => client.readRegister(9)],
      ],
      allowed: ({ client }) => client.readRegister(0),
    },
    {
      command: 'READ PUBLIC KEY',
      refused: [[0x6a86, 'no such key', ({ link }) => raw(link, 0x80, 0x06, 3)]],
      allowed: ({ client }) => client.publicKey('attestation'),
    },
    {
      command: 'READ RELEASE',
      refused: [[0x6a86, 'no such target', ({ client }) => client.releases(4)]],
      allowed: ({ client }) => client.releases(0),
    },
    {
      command: 'VERIFY IMAGE',
      refused: [
        [
          0x6988,
          'a changed signature',
          ({ client }) => client.verifyImage(first.signedHeader.with(60, first.signedHeader[60]! ^ 1), 'start'),
        ],
        [
          0x6a80,
          'for another type of device',
          ({ client }) => client.verifyImage(image({ type: fromAscii('GCXX') }).signedHeader, 'start'),
        ],
        [0x6984, 'not newer', ({ client }) => client.verifyImage(first.signedHeader, 'update')],
      ],
      allowed: ({ client }) => client.verifyImage(first.signedHeader, 'start'),
    },
    {
      command: 'IMAGE DATA',
      refused: [[0x6988, 'more than the header says', ({ client }) => client.imageData(new Uint8Array(200))]],
      prepare: ({ client }) => client.verifyImage(first.signedHeader, 'start'),
      allowed: ({ client }) => client.imageData(first.body),
    },
    {
      command: 'IMAGE FINAL',
      refused: [[0x6a86, 'no such form', ({ link }) => raw(link, 0x80, 0x34, 2)]],
      allowed: ({ client }) => client.imageFinal(),
    },
    {
      command: 'START IMAGE',
      refused: [[0x6a86, 'no such target', ({ client }) => client.startImage(4)]],
      allowed: ({ client }) => client.startImage(0),
    },
    {
      command: 'MEASURE',
      refused: [
        [0x6985, 'START IMAGE a second time', async (card) => started(card)],
        [0x6a86, 'a register of software', ({ client }) => client.measure(0, digest)],
        [0x6700, 'a digest of 31 bytes', ({ client }) => client.measure(4, digest.slice(1))],
      ],
      allowed: ({ client }) => client.measure(4, digest),
    },
    { command: 'MEASURE, event', allowed: ({ client }) => client.measure(8, digest) },
    {
      command: 'CHECK',
      refused: [[0x6a86, 'the events', ({ client }) => client.check(8, digest)]],
      allowed: ({ client }) => client.check(4, digest),
    },
    {
      command: 'QUOTE',
      refused: [[0x6700, 'a nonce of 15 bytes', ({ link }) => raw(link, 0x80, 0x44, 0, 1, new Uint8Array(19))]],
      allowed: ({ client }) => client.quote(quote),
    },
    {
      command: 'SEAL',
      refused: [[0x6700, 'no secret', ({ link }) => raw(link, 0x80, 0x46, 1, 0)]],
      allowed: async ({ client }) => {
        sealed = require(await client.seal(1, own))
      },
    },
    {
      command: 'UNSEAL',
      refused: [[0x6988, 'a changed byte', ({ client }) => client.unseal(sealed.with(40, sealed[40]! ^ 1))]],
      allowed: ({ client }) => client.unseal(sealed),
    },
    {
      command: 'ACTIVATE IMAGE',
      refused: [
        [
          0x6984,
          'the image in hand is not newer',
          ({ client }) => client.activateImage(NOW, activation(second, { counter: 1n })),
        ],
      ],
      prepare: async ({ client }) => require(await client.verifyWholeImage(second, 'update')),
      allowed: ({ client }) => client.activateImage(NOW, activation(second, { counter: 1n })),
    },
    {
      command: 'START IMAGE, on trial',
      before: ({ restart }) => restart(),
      refused: [
        [0x6985, 'CONFIRM IMAGE before', ({ client }) => client.confirmImage(0)],
        [0x6986, 'UNSEAL with other registers', ({ client }) => client.unseal(sealed)],
        [
          0x6987,
          'ACTIVATE IMAGE outside its window',
          async ({ client }) => {
            require(await client.verifyWholeImage(third, 'update'))
            return client.activateImage(NOW, activation(third, { counter: 9n, notAfter: NOW - 1 }))
          },
        ],
      ],
      prepare: async ({ client }) => require(await client.verifyWholeImage(second, 'start')),
      allowed: ({ client }) => client.startImage(0),
    },
    { command: 'CONFIRM IMAGE', allowed: ({ client }) => client.confirmImage(0) },
    {
      command: 'CHECK, mismatch',
      allowed: async ({ client }) => {
        const answer = await client.check(0, digest)
        return 'sw' in answer && answer.sw === 0x6988 ? undefined : answer
      },
    },
    {
      command: 'ORDER, acknowledge',
      refused: [
        [0x6986, 'UNSEAL after a mismatch', ({ client }) => client.unseal(sealed)],
        [
          0x6988,
          'signed by another',
          ({ client }) => client.order(order({ kind: 'acknowledge-alarm' }, 2n, { by: stranger })),
        ],
        [0x6984, 'a counter that was', ({ client }) => client.order(order({ kind: 'acknowledge-alarm' }, 1n))],
      ],
      allowed: ({ client }) => client.order(order({ kind: 'acknowledge-alarm' }, 2n)),
    },
    {
      command: 'ORDER, floor',
      allowed: ({ client }) => client.order(order({ kind: 'raise-floor', target: 0, rollback: 2 }, 3n)),
    },
    {
      command: 'ORDER, responsible party',
      allowed: ({ client }) =>
        client.order(order({ kind: 'new-responsible-party', publicKey: responsible.publicKey }, 4n)),
    },
    {
      command: 'CONFIRM IMAGE, given up',
      prepare: async ({ client }) => {
        require(await client.verifyWholeImage(third, 'update'))
        require(await client.activateImage(NOW, activation(third, { counter: 5n })))
      },
      allowed: ({ client }) => client.abandonTrial(0),
    },
  ]
}
