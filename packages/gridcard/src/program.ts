import { Command, CommanderError } from 'commander'
import type { AppletBuildCommandOptions } from './applet-build-command.ts'
import { addCapCommands } from './cap/cap-commands.ts'
import { addDebugCommand } from './debug/add-debug-command.ts'
import { addDlmsCommands } from './dlms/dlms-commands.ts'
import { describeError, exitCodeFor, exitCodes } from './exit-code.ts'
import { addGpCommands } from './gp/gp-commands.ts'
import { addMemoryCommands } from './memory/commands.ts'
import { addPersonaliseCommands } from './personalise/personalise-commands.ts'
import { defaultReaderName, parseReaderOptions, type RawReaderOptions } from './reader/reader-options.ts'
import { parseStartOptions, type RawStartOptions } from './start/start-options.ts'
import { version } from './version.ts'
import { addWorkbenchCommands } from './workbench/workbench-commands.ts'

const collect = (file: string, files: readonly string[] = []) => [...files, file]

/**
 * The command line: `gridcard` with these arguments, in this process.
 *
 * @param args without node and script
 * @returns the exit code; whatever there is to say went to standard output and standard error
 */
export async function gridcard(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.done
  const program = commandLine((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.cannotBegin
    process.stderr.write(`gridcard: ${describeError(error)}\n`)
    return exitCodeFor(error)
  }
}

/** Each command's own code is loaded when it is used: `--help` should not wait for a database. */
function commandLine(end: (exitCode: number) => void): Command {
  const program = new Command('gridcard')
    .description('Java Card security for smart metering')
    .version(version)
    .exitOverride()
    // Commands have options of the same names: `gp keys delete --version 48`.
    .enablePositionalOptions()
    .configureOutput({
      // One line: commander's own "error: " in front of a sentence is enough said.
      outputError: (text, write) => write(text.replace(/^error: /, 'gridcard: ')),
    })

  program
    .command('start')
    .description('run a street of electricity meters, each with its own Java Card, and the head-end that reads them')
    .option('--meters <number>', 'meters on the street, 1 to 2000 (default: 20, or as many as the street has)')
    .option('--speed <factor>', 'simulated seconds per second, 1 to 3600', '1')
    .option('--data <folder>', 'where the street keeps its data', 'data')
    .option('--port <number>', 'port of the console and the HTTP API, 0 takes a free one', '8420')
    .option('--meter-port <number>', 'DLMS port of the first meter, the next ones follow, 0 takes free ones', '0')
    .option('--json', 'one line of JSON on standard output when ready, everything else on standard error')
    .addHelpText(
      'after',
      `
  Exit codes: 0 stopped by you, 1 it failed, 2 it could not begin (option, port or data folder).

  Examples:
    npm start                                  a street of 20 meters
    npm start -- --meters 5 --speed 60         a small one, an hour a minute
    npm start -- --data street --port 0        elsewhere, on any free port
    npm start -- --json                        for scripts: {"url":"http://127.0.0.1:8420/",...}`,
    )
    .action(async (raw: RawStartOptions) => {
      const options = parseStartOptions(raw)
      const { start } = await import('./start/start.ts')
      await start(options)
    })

  program
    .command('reader')
    .description('put cards into virtual readers for PC/SC programs: OpenSC, GnuPG, Java, or your own')
    .argument('[command...]', 'after "--": a program to run with these readers; its exit code is passed on')
    .option(
      '--card <file>',
      'an image of a Java Card or a memory card, may be given several times: a reader each',
      collect,
    )
    .option('--applet <file>', 'a CAP file for a fresh card in memory, may be given several times', collect)
    .option('--profile <name>', 'what a fresh card is: developer, metering or minimal')
    .option('--name <name>', 'name of the readers, their numbers follow', defaultReaderName)
    .option('--vpcd [address]', 'instead into the reader of vsmartcard-vpcd (default address: 127.0.0.1:35963)')
    .option('--json', 'one line of JSON when ready: on standard output, with a program on standard error')
    .addHelpText(
      'after',
      `
  Without --card and --applet the reader holds a blank developer card: a GlobalPlatform card with the well-known test key
  40 41 .. 4F. The other profiles have no key until their maker gives them one. Without a program it prints the variable to export and
  serves until Ctrl-C; the lines "remove" and "insert" on standard input move the card of the first reader, "remove 1" that
  of the second.

  Exit codes: those of the program, 127 there is no such program; without one 0 stopped by you, 1 it failed, 2 it could not
  begin (option, image, CAP file, vpcd).

  Examples:
    gridcard reader -- opensc-tool -a                               ATR of a blank card
    gridcard reader --applet my.cap -- opensc-tool -s 00A4040005F000000001
    gridcard reader --card data/cards/GC00000001.img -- pcsc_scan   a meter's card; stop the street first
    gridcard reader --applet my.cap --json                          for scripts: {"variable":...,"socketPath":...}`,
    )
    .action(async (command: readonly string[], raw: RawReaderOptions) => {
      const options = parseReaderOptions(raw, command)
      const { reader } = await import('./reader/reader.ts')
      end(await reader(options))
    })

  const applet = program.command('applet').description('build Java Card applets')
  applet
    .command('build [folder]')
    .description(
      'compile, convert and verify the package, or the packages, in a folder (applet.json and src/); needs a JDK',
    )
    .option('--out <file>', 'where the CAP file goes (default: NAME.cap here)')
    .option(
      '--target <level>',
      'level of the Java Card API instead of that in applet.json: 2.2.2, 3.0.4, 3.0.5, 3.1, 3.2',
    )
    .option('--exp <file>', 'export file of a library it uses, may be given several times', collect)
    .option('-i, --int', 'allow int, for cards that support it')
    .option('--debug-component', 'put lines and variables into the CAP file too, for other tools')
    .option('--json', 'one line of JSON: what was written, or what is wrong where')
    .addHelpText(
      'after',
      `
  Beside NAME.cap it writes NAME.debug.json, which maps byte code to lines and
  variables, and NAME.exp, the tokens of what the package shows to others.

  Several packages, static resources or more than 64 KiB of code make an
  extended CAP file, which cards from Java Card 3.1 on take: give cap and
  contents in applet.json (docs/workbench.md). Each package that shows
  something has its own NAME.PACKAGE.exp.

  Exit codes: 0 built, 1 the sources or what came of them were refused, 2 it
  could not begin (applet.json, no sources, no JDK).

  Examples:
    gridcard applet build                                   the folder one is in
    gridcard applet build wallet --target 3.0.4 --out wallet-304.cap
    gridcard applet build shop --exp coupons.exp            uses a library`,
    )
    .action(async (folder: string | undefined, raw: AppletBuildCommandOptions) => {
      const { appletBuild } = await import('./applet-build-command.ts')
      end(await appletBuild(folder ?? '.', raw))
    })

  applet
    .command('api')
    .description('write the Java Card API of a level: stubs for compilers and IDEs, export files for other converters')
    .option('--target <level>', 'level of the Java Card API: 2.1.1 to 3.2', '3.0.5')
    .option('--out <folder>', 'where they go', 'javacard-api')
    .addHelpText(
      'after',
      `
  Writes api-LEVEL.jar, and below exports/ an export file of each package, those
  of GlobalPlatform included. The stubs have no behaviour.

  Example:
    gridcard applet api --target 3.0.4 --out lib`,
    )
    .action(async (raw: { target: string; out: string }) => {
      const { appletApi } = await import('./applet-api-command.ts')
      end(await appletApi(raw.target, raw.out))
    })

  addCapCommands(program, end)
  addDlmsCommands(program, end)
  addWorkbenchCommands(program, applet, end)
  addDebugCommand(program, end)
  addMemoryCommands(program)
  addGpCommands(program)
  addPersonaliseCommands(program, end)
  return program
}
