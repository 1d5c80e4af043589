import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { inProcessLink, PcscEndpoint } from '@gridcard/terminal'
import { servePcsc } from '@gridcard/terminal/node'
import type { Question } from '../question.ts'
import { benchCard } from './bench-applet.ts'

const BATCH = 5000

export const pcscEchoes: Question = {
  name: 'pcsc-echoes',
  question: 'the same echoes through our PC/SC endpoint, from one C program on libpcsclite',
  unit: 'APDU/s',
  whyNot() {
    const isThere = runs('cc', '--version') && runs('pkg-config', '--exists', 'libpcsclite')
    return isThere ? undefined : 'needs a C compiler, pkg-config and libpcsclite-dev'
  },
  async prepare() {
    const client = buildClient()
    const endpoint = new PcscEndpoint()
    await endpoint.addReader('Gridcard 00 00').insert(inProcessLink(benchCard()))
    const service = await servePcsc({ endpoint })
    const env = { ...process.env, PCSCLITE_CSOCK_NAME: service.socketPath }
    const child = spawn(client.path, { env, stdio: ['pipe', 'pipe', 'inherit'] })
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    /** Median round trip of each batch. */
    const mediansMs: number[] = []
    const echo = async (count: number) => {
      child.stdin.write(`${count}\n`)
      const { value } = await answers.next()
      const [done, medianNs] = String(value).split(' ').map(Number)
      if (done !== count || medianNs === undefined) throw new Error(value ?? 'the client ended')
      mediansMs.push(medianNs / 1e6)
      return count
    }
    return {
      verify: async () => void (await echo(100)),
      run: () => echo(BATCH),
      note() {
        const sorted = mediansMs.toSorted((a, b) => a - b)
        return `median round trip ${sorted[sorted.length >> 1]?.toFixed(3)} ms`
      },
      async close() {
        child.stdin.end()
        await service.close()
        client.remove()
      },
    }
  },
}

function buildClient(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'gridcard-bench-'))
  const path = join(folder, 'client')
  const source = new URL('pcsc-echo-client.c', import.meta.url).pathname
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libpcsclite'], { encoding: 'utf8' })
  execFileSync('cc', ['-O2', '-o', path, source, ...flags.trim().split(/\s+/)])
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function runs(program: string, ...args: string[]): boolean {
  const { status } = spawnSync(program, args, { stdio: 'ignore' })
  return status === 0
}
