import { version } from '../../version.ts'
import type { ProjectNames } from './project-name.ts'

/** Tests in JavaScript beside those of test.apdu, by their path in the project. */
export function testFiles(names: ProjectNames): ReadonlyMap<string, string> {
  return new Map([
    ['package.json', manifest(names)],
    ['test/card.test.mjs', test(names)],
  ])
}

function manifest({ name }: ProjectNames): string {
  const value = {
    name,
    private: true,
    type: 'module',
    scripts: { test: 'gridcard script test.apdu && node --test' },
    devDependencies: { gridcard: version },
  }
  return `${JSON.stringify(value, null, 2)}\n`
}

function test({ className }: ProjectNames): string {
  return `import { after, test } from 'node:test'
import { assertAnswer, Card, Coverage } from 'gridcard/test'

// The applet in the folder above: it is built first.
const applet = new URL('..', import.meta.url).pathname
const coverage = new Coverage()
after(() => console.log(coverage.text(), coverage.write('coverage')))

const HELLO = '80 10 00 00 00'
const COUNT = '80 20 00 00 00'

test('says hello', async () => {
  const card = await Card.with(applet, { coverage })
  assertAnswer(await card.send(HELLO), { data: '48 65 6C 6C 6F' })
})

test('refuses what it does not know', async () => {
  const card = await Card.with(applet, { coverage })
  assertAnswer(await card.send('80 99 00 00'), { status: 0x6d00 })
  assertAnswer(await card.send('00 10 00 00'), { status: 0x6e00 })
})

test('counts, and one count is one write of ${className}.count', async () => {
  const card = await Card.with(applet, { coverage })
  const answer = assertAnswer(await card.send(COUNT), { data: '00 01' })
  const [place] = answer.work.places.filter(({ isApplets }) => isApplets)
  if (place.name !== '${className}.count' || place.writes !== 1) throw new Error(\`it wrote \${JSON.stringify(place)}\`)
})

test('has counted or has not, whenever power is lost', async () => {
  const card = await Card.with(applet, { coverage })
  await card.forEveryWrite(
    (card) => card.send(COUNT),
    async (card) => {
      await card.select()
      const { number } = assertAnswer(await card.send(COUNT))
      if (number !== 1 && number !== 2) throw new Error(\`the count was \${number - 1}\`)
    },
  )
})
`
}
