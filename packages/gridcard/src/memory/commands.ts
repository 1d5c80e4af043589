import type { Command } from 'commander'
import type { WriteOptions } from './memory.ts'

const load = async () => {
  const [commands, { processConsole }] = await Promise.all([import('./memory.ts'), import('./console.ts')])
  return { ...commands, io: processConsole }
}

const EXIT_CODES = 'Exit codes: 0 done, 1 the card or you refused, 2 it could not begin (option or file).'
const help = (...examples: readonly string[]) =>
  `\n${EXIT_CODES}\n\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map((one) => `  gridcard memory ${one}`).join('\n')}`
const JSON_OPTION = ['--json', 'one line of JSON on standard output'] as const
const YES_OPTION = ['--yes', 'do what cannot be undone without asking'] as const

/** `gridcard memory`: storage cards as files. What the commands do is loaded when one is used. */
export function addMemoryCommands(program: Command): void {
  const memory = program
    .command('memory')
    .description('storage cards with protection logic, as files: SLE 4442, SLE 4428, AT24C')

  memory
    .command('new <file>')
    .description('make a blank card')
    .requiredOption('--chip <name>', 'sle4442, sle4428, or at24c01 to at24c1024')
    .option('--code <hex>', 'its secret code: 3 bytes for an SLE 4442, 2 for an SLE 4428 (default: all FF)')
    .option(...JSON_OPTION)
    .addHelpText('after', help('new card.img --chip sle4442', 'new card.img --chip sle4428 --code 1234'))
    .action(async (file: string, options: { chip: string; code?: string; json?: true }) => {
      const { newMemoryCard, io } = await load()
      newMemoryCard(io, file, options)
    })

  memory
    .command('read <file>')
    .description('read bytes; no code is needed')
    .option('--from <address>', 'first byte, decimal or 0x', '0')
    .option('--length <bytes>', 'how many (default: up to the end)')
    .option('--out <path>', 'write the bytes to a file instead of showing them')
    .option(...JSON_OPTION)
    .addHelpText('after', help('read card.img', 'read card.img --from 0x40 --length 16 --json'))
    .action(async (file: string, options: { from: string; length?: string; out?: string; json?: true }) => {
      const { readMemoryCard, io } = await load()
      readMemoryCard(io, file, options)
    })

  memory
    .command('write <file>')
    .description('write bytes, and protect them for good if asked to')
    .requiredOption('--at <address>', 'first byte, decimal or 0x')
    .option('--hex <digits>', 'what to write')
    .option('--text <text>', 'what to write, as UTF-8')
    .option('--input <path>', 'what to write, from a file')
    .option('--code <hex>', 'the secret code; a wrong one costs a try')
    .option('--protect', 'protect what was written; irreversible, so it asks')
    .option(...YES_OPTION)
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help(
        'write card.img --at 64 --text "meter 17" --code FFFFFF',
        'write card.img --at 8 --hex CAFE --code FFFFFF --protect --yes',
      ),
    )
    .action(async (file: string, options: WriteOptions) => {
      const { writeMemoryCard, io } = await load()
      await writeMemoryCard(io, file, options)
    })

  memory
    .command('present-code <file> <code>')
    .description('try a secret code (hex), and change it if it is right; a wrong one costs a try')
    .option('--change <hex>', 'the new code')
    .option(...YES_OPTION)
    .option(...JSON_OPTION)
    .addHelpText('after', help('present-code card.img FFFFFF', 'present-code card.img FFFFFF --change 123456'))
    .action(async (file: string, code: string, options: { change?: string; yes?: true; json?: true }) => {
      const { presentMemoryCode, io } = await load()
      await presentMemoryCode(io, file, code, options)
    })

  memory
    .command('dump <file>')
    .description('show everything but the code: chip, ATR, tries, protection, bytes')
    .option(...JSON_OPTION)
    .addHelpText('after', help('dump card.img', 'dump card.img --json'))
    .action(async (file: string, options: { json?: true }) => {
      const { dumpMemoryCard, io } = await load()
      dumpMemoryCard(io, file, options)
    })
}
