// Builds the console page if its sources changed; `npm start` does the same before it starts.
import { requireConsolePage } from './ground/console-page.mjs'
import { GroundError } from './ground/ground-error.mjs'

try {
  await requireConsolePage(process.execPath)
} catch (error) {
  if (!(error instanceof GroundError)) throw error
  console.error(error.message)
  process.exitCode = error.exitCode
}
