import type { Command } from 'commander'
import { endWhenNobodyReads, writeOut as write } from '../write-out.ts'
import type { RunOptions } from './repl/run-command.ts'
import type { ScriptOptions } from './script/script-command.ts'

const collect = (text: string, texts: readonly string[] = []) => [...texts, text]

type End = (exitCode: number) => void

/** `card try`, `script`, `run` and `applet new`; each command's own code is loaded when it is used. */
export function addWorkbenchCommands(program: Command, applet: Command, end: End): void {
  addCardTry(program, end)
  addScript(program, end)
  addRun(program, end)
  addAppletNew(applet, end)
}

function addCardTry(program: Command, end: End): void {
  const card = program.commands.find((one) => one.name() === 'card') ?? program.command('card')
  card
    .description('cards for applet developers')
    .command('try')
    .description('load CAP files on fresh developer cards and install their applets, a line for each')
    .argument('<file...>', 'CAP files; each may be a library of the others')
    .option(
      '--install <aid[:parameters]>',
      'install parameters for an applet, in hex, may be given several times',
      collect,
    )
    .option('--json', 'one line of JSON when all were tried')
    .addHelpText(
      'after',
      `
Each file gets a fresh card: first the libraries it imports of the other files,
then the file itself, then all its applets under their own AIDs.

  installed   it was loaded and all its applets were installed
  loaded      it was loaded; it has no applets
  refused     with the reason: which import, class or method is missing
  crashed     a fault of this card, please report it

Exit codes: 0 nothing was refused, 1 something was, 2 a file or option is wrong.

Examples:
  gridcard card try wallet.cap
  gridcard card try wallet.cap bignum.cap          with a library
  gridcard card try *.cap --json                   for scripts
  gridcard card try wallet.cap --install A00000006203010C01:0102`,
    )
    .action(async (files: readonly string[], raw: { install?: readonly string[]; json?: true }) => {
      const { cardTry } = await import('./try/card-try-command.ts')
      end(cardTry(files, raw, write))
    })
}

function addScript(program: Command, end: End): void {
  program
    .command('script')
    .description('run APDU scripts on fresh developer cards and compare the responses')
    .argument('<file...>', 'scripts; .scr is the language of apdutool, all else ours')
    .option('--applet <file>', 'a CAP file to load and install first, may be given several times', collect)
    .option('--install <aid[:parameters]>', 'install parameters for an applet of --applet, in hex', collect)
    .option('--format <language>', 'gridcard or apdutool, whatever the file is called')
    .option('--json', 'one line of JSON with every step')
    .addHelpText(
      'after',
      `
  # comment
  load wallet.cap                 beside the script
  install A00000006203010C01      then parameters in hex, "as AID"
  select A00000006203010C01
  80 10 00 00 05                  a command APDU
  > 01 .. * 90 00                 its response: "." any digit, "*" any bytes
  power-cut-after 3               in the next command, after 3 writes
  80 20 00 00
  > power-cut
  reset

A load, install or select must succeed unless a response is expected. A command
without an expected response is sent and shown. docs/workbench.md has the
grammar, and what is understood of apdutool.

Exit codes: 0 all passed, 1 some failed, 2 a script, file or option is wrong.

Examples:
  gridcard script wallet.apdu
  gridcard script old.scr --applet wallet.cap
  gridcard script tests/*.apdu --json              for scripts`,
    )
    .action(async (files: readonly string[], raw: ScriptOptions) => {
      const { runScripts } = await import('./script/script-command.ts')
      end(runScripts(files, raw, write))
    })
}

function addRun(program: Command, end: End): void {
  program
    .command('run')
    .description('talk to a fresh developer card: send hex or commands, see the answers')
    .argument('[file...]', 'CAP files to load and install first, libraries among them')
    .option(
      '--install <aid[:parameters]>',
      'install parameters for an applet, in hex, may be given several times',
      collect,
    )
    .option('--json', 'one line of JSON for each line read')
    .addHelpText(
      'after',
      `
  80 10 00 00              a command APDU in hex
  select wallet            an applet by the name of its file, or by AID
  reset, memory, apdus     the card's power, its memory, what was exchanged
  save before, back before the card as it was
  help                     all commands

Lines may come from a pipe too; "apdus" gives a script for "gridcard script".

Exit codes: 0 the end, 1 a piped line was not understood, 2 a file or option is
wrong, or an applet was refused.

Examples:
  gridcard run wallet.cap
  gridcard run wallet.cap bignum.cap --install A00000006203010C01:0102
  echo "select wallet" | gridcard run wallet.cap --json`,
    )
    .action(async (files: readonly string[], raw: RunOptions) => {
      endWhenNobodyReads()
      const { run } = await import('./repl/run-command.ts')
      end(await run(files, raw, { input: process.stdin, output: process.stdout }))
    })
}

function addAppletNew(applet: Command, end: End): void {
  applet
    .command('new')
    .description('make a project: an applet that builds, and a script that tests it')
    .argument('<name>', 'folder to make; its name in small letters, digits and "-" names the applet')
    .option('--json', 'one line of JSON: names, AIDs and files')
    .addHelpText(
      'after',
      `
The project has the applet's source, applet.json, tests in test.apdu and test/,
settings to debug it in VS Code, and a README with the commands to build it,
test it and talk to it.

Exit codes: 0 done, 1 it failed, 2 the name or place cannot be used.

Examples:
  gridcard applet new wallet
  gridcard applet new projects/my-wallet --json    for scripts`,
    )
    .action(async (folder: string, raw: { json?: true }) => {
      const { appletNew } = await import('./new/applet-new-command.ts')
      end(appletNew(folder, raw, write))
    })
}
