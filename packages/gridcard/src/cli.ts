#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { describeError, exitCodeFor, exitCodes } from './exit-code.ts'
import { parseStartOptions, type RawStartOptions } from './start/start-options.ts'
import { version } from './version.ts'

// Each command's own code is loaded when it is used: `--help` should not wait for a database.

const program = new Command('gridcard')
  .description('Java Card security for smart metering')
  .version(version)
  .exitOverride()
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
  npm start -- --data /tmp/street --port 0   elsewhere, on any free port
  npm start -- --json                        for scripts: {"url":"http://127.0.0.1:8420/",...}`,
  )
  .action(async (raw: RawStartOptions) => {
    const options = parseStartOptions(raw)
    const { start } = await import('./start/start.ts')
    await start(options)
  })

const applet = program.command('applet').description('build Java Card applets')
applet
  .command('build <folder>')
  .description('compile and convert the applet in a folder (applet.json and src/) to a CAP file; needs a JDK')
  .option('--out <file>', 'where the CAP file goes (default: applets/prebuilt/NAME.cap)')
  .addHelpText('after', '\nExample:\n  gridcard applet build applets/meter-security')
  .action(async (folder: string, { out }: { out?: string }) => {
    const { buildAndWriteApplet } = await import('./applet-build-command.ts')
    await buildAndWriteApplet(folder, out)
  })

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.cannotBegin
  } else {
    process.stderr.write(`gridcard: ${describeError(error)}\n`)
    process.exitCode = exitCodeFor(error)
  }
}
