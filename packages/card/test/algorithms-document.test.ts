import { expect, it } from 'vitest'
import { algorithmsDocument } from './algorithms-document.ts'

// After a change of algorithms: npx vitest run --project unit packages/card/test/algorithms-document -u
it('docs/algorithms.md says what the card answers', async () => {
  await expect(algorithmsDocument()).toMatchFileSnapshot('../../../docs/algorithms.md')
})
