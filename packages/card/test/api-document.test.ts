import { createMethodPackage } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../src/card.ts'
import { apiDocument, javaCardPackages, missingMembers } from './api-document.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

describe('the API of level 3.2', () => {
  it.each(javaCardPackages().map((one) => [one.name, one] as const))('every member of %s is bound', (_, one) => {
    expect(one.classes.flatMap((api) => missingMembers(api).map((member) => `${api.name}.${member}`))).toEqual([])
  })

  it('a package that refers to every method of every interface and class loads', () => {
    for (const { classes } of javaCardPackages()) {
      for (const api of classes) {
        const calls = api.methods.filter((one) => !one.name.includes('<')).map((one) => callOf(api.name, one))
        if (calls.length === 0) continue
        const methods = Object.fromEntries(calls.map((code, i) => [`m${i}`, { code, maxStack: 20, maxLocals: 1 }]))
        const { cap } = createMethodPackage({ methods, level: '3.2.0' })
        Card.create({ profile: TEST_PROFILE, crypto: nodeCrypto }).loadPackage(cap)
      }
    }
  })

  // After a change: npx vitest run --project unit packages/card/test/api-document -u
  it('docs/java-card-api.md says what the card answers', async () => {
    await expect(apiDocument()).toMatchFileSnapshot('../../../docs/java-card-api.md')
  })
})

/** A call with null and zeros; it is never run. */
function callOf(owner: string, method: { name: string; desc: string; space: string }): string {
  const types = method.desc.slice(1, method.desc.indexOf(')')).match(/\[*(?:L[^;]*;|[ZBSI])/g) ?? []
  const words = types.map((type) => (type === 'I' ? 'iconst_0' : /^[[L]/.test(type) ? 'aconst_null' : 'sconst_0'))
  const nargs = types.reduce((sum, type) => sum + (type === 'I' ? 2 : 1), 1)
  const member = `${owner}.${method.name}${method.desc}`
  if (method.space === 'static') return `${words.join(' ')} invokestatic ${member} return`
  if (method.space === 'virtual') return `aconst_null ${words.join(' ')} invokevirtual ${member} return`
  return `aconst_null ${words.join(' ')} invokeinterface ${nargs} ${member} return`
}
