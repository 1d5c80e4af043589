import type { Command } from 'commander'
import type { RawActionOptions } from './action.ts'
import type { RawClientOptions } from './client-options.ts'
import type { RawClockOptions } from './clock.ts'
import type { CommandIo } from './command-io.ts'
import type { RawProfileOptions } from './profile.ts'
import type { RawPushListenOptions } from './push-listen.ts'
import type { RawServeOptions } from './serve/serve.ts'
import type { RawTranslateOptions } from './translate/translate.ts'

// Only names and help are here; the code of a command is loaded when it is used.

const exitCodeHelp = `
Exit codes: 0 done, 1 it failed or was refused, 2 it could not begin (option,
keys, nothing listening).`

const keyHelp = `
Keys: a JSON file of mode 600 with clientSystemTitle, serverSystemTitle (8 bytes
in hex), blockCipherKey, authenticationKey (16 bytes in hex); or the environment
variables GRIDCARD_DLMS_CLIENT_TITLE, ..._SERVER_TITLE, ..._BLOCK_CIPHER_KEY and
..._AUTHENTICATION_KEY. Never arguments: every process list shows those.`

const clientHelp = `
In the place of HOST:PORT stands a serial port, as /dev/ttyUSB0: HDLC, 8N1.
${keyHelp}
Without keys: the public client, which may read little.
${exitCodeHelp}`

/** `gridcard dlms ...`, for any meter that speaks DLMS/COSEM over TCP, UDP or a serial port. */
export function addDlmsCommands(program: Command, done: (exitCode: number) => void): void {
  const dlms = program
    .command('dlms')
    .description('read, write and try out DLMS/COSEM meters over TCP, UDP or a serial port')
    .configureHelp({ subcommandTerm: (command) => command.name() })

  clientCommand(dlms, 'discover <host:port>', 'what a meter tells strangers, and with keys what is in it')
    .addHelpText('after', examples('discover 192.0.2.7', 'discover 192.0.2.7 --key-file meter.keys --trace'))
    .action((target: string, raw: RawClientOptions) =>
      run(raw, done, async (io) => (await import('./discover.ts')).discover(target, raw, io)),
    )

  clientCommand(dlms, 'read <host:port> <class/name/attribute...>', 'read attributes, with scaler and unit')
    .addHelpText(
      'after',
      examples(
        'read 192.0.2.7 clock/0.0.1.0.0.255/time',
        'read 192.0.2.7 3/1.0.1.8.0.255/2 --key-file meter.keys',
        'read 192.0.2.7 register/1-0:1.8.0*255 --json --key-file my.keys',
      ),
    )
    .action((target: string, references: string[], raw: RawClientOptions) =>
      run(raw, done, async (io) => (await import('./read.ts')).read(target, references, raw, io)),
    )

  clientCommand(dlms, 'write <host:port> <class/name/attribute> <value>', 'write an attribute')
    .addHelpText(
      'after',
      `\nVALUE is TYPE=TEXT, or JSON as read --json prints it. octet-text=TEXT and\noctet-time=TIME are octet-strings.\n${examples(
        'write 192.0.2.7 data/0.0.96.1.9.255/value unsigned=5 \\\n    --key-file meter.keys',
        'write 192.0.2.7 1/0.0.96.1.9.255/2 octet-text=Hello \\\n    --key-file meter.keys',
        `write 192.0.2.7 1/0.0.96.1.9.255/2 \\\n    '{"structure":[{"unsigned":1},{"boolean":true}]}' --key-file meter.keys`,
      )}`,
    )
    .action((target: string, reference: string, value: string, raw: RawClientOptions) =>
      run(raw, done, async (io) => (await import('./write.ts')).write(target, reference, value, raw, io)),
    )

  clientCommand(dlms, 'action <host:port> <class/name/method> [value]', 'call a method; asks before it moves a switch')
    .option('--yes', 'do not ask')
    .option('--no-parameter', 'send no parameter; without one given, integer 0 is sent')
    .addHelpText(
      'after',
      examples(
        'action 192.0.2.7 \\\n    disconnect-control/0.0.96.3.10.255/remote-disconnect --key-file meter.keys',
        'action 192.0.2.7:4060 70/0.0.96.3.10.255/2 --yes \\\n    --key-file meter.keys',
        'action 192.0.2.7 clock/0.0.1.0.0.255/shift-time long=-30 \\\n    --key-file meter.keys',
      ),
    )
    .action((target: string, reference: string, value: string | undefined, raw: RawActionOptions) =>
      run(raw, done, async (io) => (await import('./action.ts')).action(target, reference, value, raw, io)),
    )

  clientCommand(dlms, 'profile <host:port> [name]', 'read a load profile or a log (default: 1.0.99.1.0.255)')
    .option('--from <time>', 'first entry: 2026-01-31, 2026-01-31T12:00Z, or an age: 24h, 7d')
    .option('--to <time>', 'last entry, likewise (default: now, by the clock of the meter)')
    .option('--csv', 'comma-separated values')
    .addHelpText(
      'after',
      `\nTimes without an offset are UTC.\n${examples(
        'profile 192.0.2.7 --from 24h --key-file meter.keys',
        'profile 192.0.2.7 --from 2026-01-01 --to 2026-02-01 --csv \\\n    --key-file meter.keys > january.csv',
        'profile 192.0.2.7 0.0.99.98.0.255 --key-file meter.keys --json',
      )}`,
    )
    .action((target: string, name: string | undefined, raw: RawProfileOptions) =>
      run(raw, done, async (io) => (await import('./profile.ts')).profile(target, name, raw, io)),
    )

  clientCommand(dlms, 'clock <host:port>', "the meter's time beside this computer's")
    .option('--set <time>', 'set it: now, or 2026-01-31T12:00Z; needs keys')
    .option('--object <name>', 'logical name of the clock', '0.0.1.0.0.255')
    .addHelpText('after', examples('clock 192.0.2.7', 'clock 192.0.2.7 --set now --key-file meter.keys'))
    .action((target: string, raw: RawClockOptions) =>
      run(raw, done, async (io) => (await import('./clock.ts')).clock(target, raw, io)),
    )

  dlms
    .command('translate <hex|file...>')
    .description('explain any frame or APDU, layer by layer; with keys what is ciphered too')
    .option('--key-file <file>', 'open ciphered APDUs with these keys')
    .option('--json', 'JSON instead of text')
    .option('--xml', 'one APDU as DLMS XML, with everything that stands in it in clear')
    .option('--hex', 'one APDU in hex; of one written in DLMS XML, its octets')
    .addHelpText(
      'after',
      `
HEX may have spaces, colons and 0x. A file holds hex, the octets themselves, or
an APDU in the XML of the DLMS User Association; - is standard input. Keys and
passwords inside what is explained are not shown, but with --xml and --hex they
are.
Exit codes: 0 all of it was read, 1 some of it was not, 2 it could not begin.
${examples(
  'translate C001C100080000010000FF0200',
  'translate 000100100001001F60 1DA109...',
  'translate frame.bin --key-file meter.keys',
  'translate --xml C001C100080000010000FF0200',
  'translate --hex request.xml',
)}`,
    )
    .action((inputs: string[], raw: RawTranslateOptions) =>
      run(raw, done, async (io) => (await import('./translate/translate.ts')).translate(inputs, raw, io)),
    )

  dlms
    .command('push-listen')
    .description('show what meters push, over TCP and UDP, until Ctrl-C')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 takes a free one', '4059')
    .option('--key-file <file>', 'keys shared with the meter that pushes')
    .option('--counters <file>', 'where its counters are kept (default: KEYFILE.push-counters)')
    .option('--plain', 'show notifications in clear too, which anybody can send')
    .option('--count <number>', 'end after so many')
    .option('--json', 'a line of JSON for each, the first one when ready')
    .addHelpText(
      'after',
      `
What is refused (unknown sender, wrong tag, old counter, in clear) is told on
standard error with the reason; the sender is told nothing.
${exitCodeHelp}
${examples('push-listen --key-file meter.keys', 'push-listen --host 192.0.2.1 --key-file meter.keys --json', 'push-listen --plain --count 1')}`,
    )
    .action((raw: RawPushListenOptions) =>
      run(raw, done, async (io) => {
        const { pushListen } = await import('./push-listen.ts')
        return pushListen(raw, io, { signal: stopSignal() })
      }),
    )

  dlms
    .command('serve <model.json>')
    .description('a DLMS server from a JSON description, until Ctrl-C')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on, 0 takes a free one', '0')
    .option('--hdlc', 'HDLC on TCP instead of the wrapper')
    .option('--udp', 'the wrapper over UDP')
    .option('--serial <device>', 'HDLC at a serial port, as /dev/ttyUSB0')
    .option('--baud <number>', 'speed of the serial port (default: 9600)')
    .option('--push', 'let Push setups of the model send, to where they say')
    .option('--key-file <file>', 'keys of the management association; without, there is only the public one')
    .option('--counters <file>', 'where its counters are kept (default: KEYFILE.server-counters)')
    .option('--counter-start <number>', 'first counter for keys that were used elsewhere before')
    .option('--json', 'one line of JSON when ready, for scripts')
    .addHelpText(
      'after',
      `
MODEL.json: {"logicalDeviceName": "GRC0000000000001", "objects": [
  {"class": "clock"},
  {"class": "register", "logicalName": "1.0.1.8.0.255",
   "value": {"double-long-unsigned": 4711}, "unit": "Wh", "public": true}]}
Classes in short: data, register, clock, profile, disconnect-control. All others
by number or name, with values by the names of their attributes:
  {"class": "Limiter", "logicalName": "0.0.17.0.0.255",
   "attributes": {"min_over_threshold_duration": {"double-long-unsigned": 60}},
   "writable": ["threshold_normal"]}
docs/dlms-tools.md has more.
${exitCodeHelp}
${examples('serve meter.json --port 4059', 'serve meter.json --port 4059 --key-file meter.keys', 'serve meter.json --serial /dev/ttyUSB0 --baud 19200')}`,
    )
    .action((path: string, raw: RawServeOptions) =>
      run(raw, done, async (io) => {
        const { serve } = await import('./serve/serve.ts')
        return serve(path, raw, io, { signal: stopSignal() })
      }),
    )
}

/** Whoever stops the program lets it finish. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.abort())
  return stopping.signal
}

function clientCommand(dlms: Command, nameAndArguments: string, description: string): Command {
  return dlms
    .command(nameAndArguments)
    .description(description)
    .option('--key-file <file>', 'keys of the management association')
    .option('--public', 'the public client, even if keys are in the environment')
    .option('--client-sap <number>', 'client SAP (default: 1 with keys, 16 without)')
    .option('--server-sap <number>', 'server SAP', '1')
    .option('--hdlc [address]', 'HDLC instead of the wrapper; physical address of the meter, if it has one')
    .option('--udp', 'the wrapper over UDP')
    .option('--baud <number>', 'speed of a serial port (default: 9600; 300 with --mode-e)')
    .option('--mode-e', 'sign on at a serial port by IEC 62056-21 mode E first')
    .option('--short-names', 'for a meter that knows no logical names on the line')
    .option('--mechanism <name>', 'lls, hls, hls-md5, hls-sha1, hls-gmac, hls-sha256 or hls-ecdsa', 'hls-gmac')
    .option('--form <form>', 'glo, general-glo, general-ciphering, or none for an association in clear', 'glo')
    .option('--general-key <key>', 'of general-ciphering: unicast, wrapped, one-pass or static')
    .option('--dedicated-key', 'a key for this association only')
    .option('--sign', 'sign requests, and take signed answers only (suites 1 and 2)')
    .option('--timeout <seconds>', 'for connecting, and for each answer', '10')
    .option('--counters <file>', 'where the invocation counter is kept (default: KEYFILE.counters)')
    .option('--counter-start <number>', 'begin or go on at this invocation counter, or above')
    .option('--counter-from-meter', 'go up to what the meter tells, after keys were used elsewhere')
    .option('--counter-object <name>', 'where the meter tells it (default: found by itself)')
    .option('--trace', 'show each layer of every message on standard error, without values')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', clientHelp)
}

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  gridcard dlms ${line}`).join('\n')}`

/** Runs a command. With --json a failure is told on standard output too, for programs. */
async function run(
  raw: { readonly json?: true },
  done: (exitCode: number) => void,
  command: (io: CommandIo) => Promise<number>,
): Promise<void> {
  const { processIo } = await import('./command-io.ts')
  const io = processIo()
  try {
    done(await command(io))
  } catch (error) {
    if (raw.json) io.out(`${JSON.stringify(await failureJson(error))}\n`)
    throw error
  }
}

async function failureJson(error: unknown): Promise<object> {
  const { GridcardError } = await import('@gridcard/bytes')
  const isOurs = error instanceof GridcardError
  return {
    error: { code: isOurs ? error.code : 'INTERNAL', message: isOurs ? error.message.trim() : 'a fault of ours' },
  }
}
