import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { action } from '../../src/dlms/action.ts'
import { pushListen } from '../../src/dlms/push-listen.ts'
import { serve } from '../../src/dlms/serve/serve.ts'
import { Bench, model, refusalOf, TestIo } from './bench.ts'

let bench: Bench
let stopping: AbortController
beforeEach(() => {
  bench = new Bench()
  stopping = new AbortController()
})
afterEach(async () => {
  stopping.abort()
  await bench.close()
})

const push = 'push-setup/0.7.25.9.0.255/push'

/** A listener, and a meter whose Push setup names it; `transport` is 0 for TCP, 1 for UDP. */
async function street(
  transport: number,
  raw: { readonly push?: true; readonly keyFile?: string },
  destination?: string,
) {
  const heard = new TestIo()
  const listening = new Promise<void>((resolve) => {
    heard.onOut = resolve
  })
  const keys = raw.keyFile === undefined ? { plain: true as const } : { keyFile: raw.keyFile }
  const ended = pushListen({ port: '0', json: true, count: '1', ...keys }, heard, { signal: stopping.signal })
  await Promise.race([listening, ended])
  const { port } = JSON.parse(heard.lines[0]!).listening as { port: number }
  const setup = {
    class: 'Push setup',
    logicalName: '0.7.25.9.0.255',
    attributes: {
      push_object_list: {
        array: [
          ['1.0.1.8.0.255', 3],
          ['0.0.96.1.0.255', 1],
        ].map(([name, classId]) => ({
          structure: [
            { 'long-unsigned': classId },
            {
              'octet-string': String(name)
                .split('.')
                .map((group) => Number(group).toString(16).padStart(2, '0'))
                .join(''),
            },
            { integer: 2 },
            { 'long-unsigned': 0 },
          ],
        })),
      },
      send_destination_and_method: {
        structure: [{ enum: transport }, { 'octet-text': destination ?? `127.0.0.1:${port}` }, { enum: 0 }],
      },
    },
  }
  const path = bench.write('push.json', JSON.stringify({ ...model, objects: [...model.objects, setup] }))
  const served = new TestIo()
  const isUp = new Promise<void>((resolve) => {
    served.onOut = resolve
  })
  const running = serve(path, { json: true, keyFile: bench.keyFile, ...raw }, served, { signal: stopping.signal })
  await Promise.race([isUp, running])
  return { heard, ended, served, target: `127.0.0.1:${served.json.port}` }
}

describe('serve --push', () => {
  test('without it a Push setup sends nothing', async () => {
    const { target, heard } = await street(0, { keyFile: bench.keyFile })
    const refusal = await refusalOf(
      action(target, push, 'integer=0', { keyFile: bench.keyFile, yes: true }, new TestIo()),
    )
    expect(refusal).toMatchObject({
      code: 'DLMS_ACTION_REFUSED',
      message: expect.stringContaining('temporary-failure'),
    })
    expect(heard.lines).toHaveLength(2)
  })

  test('a destination that is none, or where nobody is, is a refusal', async () => {
    const to = { keyFile: bench.keyFile, push: true } as const
    const { target, served } = await street(0, to, 'no destination')
    const raw = { keyFile: bench.keyFile, yes: true } as const
    expect((await refusalOf(action(target, push, 'integer=0', raw, new TestIo())))?.code).toBe('DLMS_ACTION_REFUSED')
    expect(served.stderr).toContain('send_destination_and_method is no TCP or UDP with HOST:PORT')
  })

  test.each([
    ['TCP', 0],
    ['UDP', 1],
  ] as const)('what it names goes out over %s, protected by the keys of the meter', async (_way, transport) => {
    const { target, heard, ended, served } = await street(transport, { keyFile: bench.keyFile, push: true })
    expect(await action(target, push, 'integer=0', { keyFile: bench.keyFile, yes: true }, new TestIo())).toBe(0)
    expect(await ended).toBe(0)
    const told = JSON.parse(heard.lines[1]!)
    expect(told.value).toEqual({
      structure: [{ 'double-long-unsigned': 4711230 }, { 'octet-string': '47433030303034373131' }],
    })
    expect(served.stderr).toContain('0.7.25.9.0.255 pushed to 127.0.0.1')
  })
})
