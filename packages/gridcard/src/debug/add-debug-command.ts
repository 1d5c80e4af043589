import type { Command } from 'commander'
import { writeOut } from '../write-out.ts'
import type { RawDebugOptions } from './debug-command.ts'

const collect = (text: string, texts: readonly string[] = []) => [...texts, text]

/** `gridcard debug`; its code is loaded when it is used. */
export function addDebugCommand(program: Command, end: (exitCode: number) => void): void {
  program
    .command('debug')
    .description('debug applets from an editor, line by line, over the Debug Adapter Protocol')
    .option('--port <number>', 'listen on this port of 127.0.0.1 (0: a free one) instead of standard input and output')
    .option(
      '--applet <path>',
      'CAP file or project folder for a card to attach to, may be given several times',
      collect,
    )
    .option('--script <file>', 'an APDU script that drives the card when an editor has attached')
    .option('--format <language>', 'of the script: gridcard or apdutool, whatever the file is called')
    .option('--reader', 'serve the card as a PC/SC reader: a client drives it')
    .option('--trace', 'no editor: run the script and print each byte code with resolved names')
    .option('--json', 'with --port: one line of JSON when ready')
    .addHelpText(
      'after',
      `
An editor starts "gridcard debug" itself and says in its "launch" request what
to debug:

  project      folder of an applet: built, then installed
  applets      CAP files or folders; lines and names come from NAME.debug.json
  parameters   install parameters in hex, by AID
  script       an APDU script that drives the card
  reader       true: serve a PC/SC reader; "command": a program that uses it
  stopOnEntry  true: stop at the first instruction

With --port and --applet the card is there before the editor, which uses
"attach"; it runs on when the editor goes. docs/debugging.md has settings for
editors.

Exit codes: 0 the end, 1 a step of a traced script failed, 2 an option or file is
wrong.

Examples:
  gridcard debug                                   for an editor
  gridcard debug --port 4711 --applet wallet.cap --reader
  gridcard debug --trace --script test.apdu | less`,
    )
    .action(async (raw: RawDebugOptions) => {
      const { debug } = await import('./debug-command.ts')
      end(await debug(raw, writeOut))
    })
}
