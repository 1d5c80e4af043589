import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { type Measurement, measure } from './measure.ts'
import type { Question } from './question.ts'
import { appletBuild, capDumpCommand, capVerify } from './questions/applet-tools.ts'
import { byteCodes } from './questions/byte-codes.ts'
import { aesBlocks, ecdsaSignatures } from './questions/card-cryptography.ts'
import { cardFleet } from './questions/card-fleet.ts'
import { cardGcmProtect } from './questions/card-gcm-protect.ts'
import { cardClone, cardOpen } from './questions/card-start.ts'
import { dlmsAssociations } from './questions/dlms-associations.ts'
import { dlmsGloGet } from './questions/dlms-glo-get.ts'
import { dlmsProfileCodec } from './questions/dlms-profile-codec.ts'
import { dlmsReads } from './questions/dlms-reads.ts'
import { echoApdus } from './questions/echo-apdus.ts'
import { meteringProtect, meteringProtect304, meteringVerifyCommand } from './questions/metering-applet.ts'
import { pcscEchoes } from './questions/pcsc-echoes.ts'
import { personalise } from './questions/personalise.ts'
import { rowsIntoStore } from './questions/rows-into-store.ts'

const questions: readonly Question[] = [
  byteCodes,
  echoApdus,
  pcscEchoes,
  cardOpen,
  cardClone,
  cardFleet,
  cardGcmProtect,
  meteringProtect,
  meteringProtect304,
  meteringVerifyCommand,
  personalise,
  aesBlocks,
  ecdsaSignatures,
  dlmsReads,
  dlmsGloGet,
  dlmsProfileCodec,
  dlmsAssociations,
  rowsIntoStore,
  appletBuild,
  capVerify,
  capDumpCommand,
]

const help = `Usage: npm run bench -- [--only NAME] [--json]

Answers named questions about speed; every result is verified before and after it is timed.

  --only NAME   one question: ${questions.map((q) => q.name).join(', ')}
  --json        one JSON line per question: {"question","median","perCpuSecond","unit","spread","note"}

Example: npm run bench -- --only byte-codes --json`

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

async function main(): Promise<number> {
  let options: { only?: string; json?: boolean; help?: boolean }
  try {
    options = parseArgs({
      options: { only: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    }).values
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    return 2
  }
  if (options.help === true) {
    console.log(help)
    return 0
  }
  const chosen = questions.filter((question) => options.only === undefined || question.name === options.only)
  if (chosen.length === 0) {
    console.error(`no question is named "${options.only}"; there are: ${questions.map((q) => q.name).join(', ')}`)
    return 2
  }
  if (options.json !== true) {
    console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}\n`)
    console.log(
      `${'question'.padEnd(24)} ${'median'.padStart(14)}  ${'unit'.padEnd(16)} ${'per CPU second'.padStart(14)}  spread`,
    )
  }
  for (const question of chosen) {
    const missing = question.whyNot?.()
    if (missing !== undefined) {
      console.error(`${question.name.padEnd(24)} left out: ${missing}`)
      continue
    }
    const { median, perCpuSecond, spread, note } = await answer(question)
    if (options.json === true) {
      console.log(JSON.stringify({ question: question.name, median, perCpuSecond, unit: question.unit, spread, note }))
    } else {
      const cpu = perCpuSecond === undefined ? '' : numbers.format(perCpuSecond)
      const percent = `±${(spread * 100).toFixed(0)} %`
      console.log(
        `${question.name.padEnd(24)} ${numbers.format(median).padStart(14)}  ${question.unit.padEnd(16)} ${cpu.padStart(14)}  ${percent}${note === undefined ? '' : `, ${note}`}`,
      )
    }
  }
  return 0
}

async function answer(question: Question): Promise<Measurement & { readonly note?: string | undefined }> {
  if ('weigh' in question) return { median: await question.weigh(), spread: 0, samples: 1 }
  const prepared = await question.prepare()
  try {
    return { ...(await measure(prepared)), note: prepared.note?.() }
  } finally {
    await prepared.close?.()
  }
}

process.exitCode = await main()
