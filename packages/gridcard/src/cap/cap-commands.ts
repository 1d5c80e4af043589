import type { Command } from 'commander'

const load = async () => {
  const modules = await Promise.all([
    import('./cap-verify.ts'),
    import('./cap-dump.ts'),
    import('./cap-text.ts'),
    import('./cap-diff.ts'),
    import('./cap-io.ts'),
  ])
  const [verify, dump, text, diff, { processIo }] = modules
  return { ...verify, ...dump, ...text, ...diff, io: processIo }
}

const JSON_OPTION = ['--json', 'one line of JSON on standard output'] as const
const help = (exitCodes: string, ...examples: readonly string[]) =>
  `\nExit codes: ${exitCodes}\n\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map((one) => `  gridcard cap ${one}`).join('\n')}`

/** `gridcard cap`: CAP files, looked at and made. What the commands do is loaded when one is used. */
export function addCapCommands(program: Command, done: (exitCode: number) => void): void {
  const cap = program.command('cap').description('verify, show, compare and assemble CAP files')

  cap
    .command('verify')
    .argument('[files...]', 'CAP files, or load files with components one after the other')
    .description(
      'check structure and types of packages before a card sees them; with a debug map beside the file (as "applet build" writes it) or a Debug component, findings have the line of the Java source',
    )
    .option('--strict', 'what could not be checked is a finding too (imports whose types are not known here)')
    .option('--rules', 'list what is checked, with the clauses, and end')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help(
        '0 nothing to object to, 1 findings, 2 a file could not be read.',
        'verify wallet.cap',
        'verify --strict --json build/*.cap',
        'verify --rules',
      ),
    )
    .action(
      async (files: readonly string[], options: { strict?: true; rules?: true; json?: true }, command: Command) => {
        const { verifyCaps, listRules, io } = await load()
        if (!options.rules && files.length === 0) command.error("error: missing required argument 'files'")
        done(options.rules ? listRules(io, options) : verifyCaps(io, files, options))
      },
    )

  cap
    .command('dump <file>')
    .description('what a package consists of: components, imports, applets, sizes')
    .option(...JSON_OPTION)
    .addHelpText('after', help('0 done, 2 the file could not be read.', 'dump wallet.cap', 'dump wallet.cap --json'))
    .action(async (file: string, options: { json?: true }) => {
      const { dumpCap, io } = await load()
      done(dumpCap(io, file, options))
    })

  cap
    .command('disasm <file>')
    .description('a package as text with resolved names, that "cap asm" turns back into the same components')
    .option('-o, --out <file>', 'where the text goes (default: standard output)')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help('0 done, 2 a file could not be read or written.', 'disasm wallet.cap', 'disasm wallet.cap -o wallet.jca'),
    )
    .action(async (file: string, options: { out?: string; json?: true }) => {
      const { disassembleCap, io } = await load()
      done(disassembleCap(io, file, options))
    })

  cap
    .command('asm <file>')
    .description('a CAP file from text; the language is in the README of @gridcard/cap')
    .requiredOption('-o, --out <file>', 'where the CAP file goes; NAME.ijc takes the components as a card is sent them')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help(
        '0 done, 1 a fault in the text, 2 a file could not be read or written.',
        'asm wallet.jca -o wallet.cap',
        'asm wallet.jca -o wallet.ijc',
      ),
    )
    .action(async (file: string, options: { out: string; json?: true }) => {
      const { assembleCap, io } = await load()
      done(assembleCap(io, file, options))
    })

  cap
    .command('diff <before> <after>')
    .description('components that differ, and the methods in them, instruction by instruction')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help(
        '0 the same, 1 different, 2 a file could not be read.',
        'diff old.cap new.cap',
        'diff old.cap new.cap --json',
      ),
    )
    .action(async (before: string, after: string, options: { json?: true }) => {
      const { diffCaps, io } = await load()
      done(diffCaps(io, before, after, options))
    })
}
