import { openCounterFile } from '../src/counters/counter-file.ts'
import { MeterCounters } from '../src/counters/meter-counters.ts'

// Takes send counters and writes each to stdout before the next, until it is killed.
const [path] = process.argv.slice(2)
const file = await openCounterFile(path!)
const saved = file.find('GC00000001') ?? { sendLimit: 0, messageFloor: 0, tokenFloor: 0 }
const counters = new MeterCounters(file, 'GC00000001', saved)
for (;;) {
  const counter = await counters.takeSend()
  await new Promise<void>((resolve) => process.stdout.write(`${counter}\n`, () => resolve()))
  if (counter! % 100 === 0) {
    counters.accept(0, 'message', counter!)
    await counters.saveFloors()
  }
}
