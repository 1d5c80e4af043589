import type { IntegrityClient } from '../../src/index.ts'
import { activation, boot, image, NOW, order, require, sha256 } from './integrity-bench.ts'

export const second = image({ version: 2, rollback: 2 })
const third = image({ version: 3, rollback: 3 })
const digest = sha256(new Uint8Array(1))

/** Every command that writes something in operation, in an order in which each succeeds, and what comes before it. */
export const integrityScript: readonly {
  readonly name: string
  readonly before?: (client: IntegrityClient) => Promise<unknown>
  readonly act: (client: IntegrityClient) => Promise<unknown>
}[] = [
  { name: 'MEASURE, event', act: async (client) => require(await client.measure(8, digest)) },
  {
    name: 'ACTIVATE IMAGE',
    before: async (client) => require(await client.verifyWholeImage(second, 'update')),
    act: async (client) => require(await client.activateImage(NOW, activation(second, { counter: 1n }))),
  },
  {
    name: 'START IMAGE, on trial',
    before: async (client) => require(await client.verifyWholeImage(second, 'start')),
    act: async (client) => require(await client.startImage(0)),
  },
  {
    name: 'CONFIRM IMAGE',
    before: (client) => boot({ client }, second),
    act: async (client) => require(await client.confirmImage(0)),
  },
  {
    name: 'CHECK, mismatch',
    before: (client) => boot({ client }, second),
    act: async (client) => client.check(0, digest),
  },
  {
    name: 'ORDER, acknowledge',
    act: async (client) => require(await client.order(order({ kind: 'acknowledge-alarm' }, 2n))),
  },
  {
    name: 'CONFIRM IMAGE, given up',
    before: async (client) => {
      require(await client.verifyWholeImage(third, 'update'))
      require(await client.activateImage(NOW, activation(third, { counter: 3n })))
    },
    act: async (client) => require(await client.abandonTrial(0)),
  },
]
