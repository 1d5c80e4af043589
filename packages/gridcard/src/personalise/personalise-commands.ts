import type { Command } from 'commander'

const load = async () => {
  const [commands, { processIo }] = await Promise.all([import('./personalise.ts'), import('../dlms/command-io.ts')])
  return { ...commands, io: processIo() }
}

const EXIT_CODES = 'Exit codes: 0 done, 1 a card or the line refused, 2 it could not begin (option, folder, key).'
const help = (...examples: readonly string[]) =>
  `\n${EXIT_CODES}\n\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map((one) => `  gridcard personalise ${one}`).join('\n')}`
const JSON_OPTION = ['--json', 'one line of JSON on standard output'] as const

/** `gridcard personalise`: a production line of cards in a folder. */
export function addPersonaliseCommands(program: Command, end: (exitCode: number) => void): void {
  const personalise = program
    .command('personalise')
    .description('make cards for metering devices: domains, applets, keys, certificates; hand them to another owner')
    .addHelpText(
      'after',
      `
A line is a folder. All its keys are made by init; there are no default ones.
Each card gets a security domain of its owner, the Metering applet over SCP03
and what else the line is for, keys of its own and key pairs made on the card,
certificates for its EUI-64, and a file with its keys that only its owner can
open (CMS). A run that was killed goes on when it is started again.
${help('init line', 'run line --count 1000', 'verify line', 'owner line newco', 'transfer line GC00000001 --to newco')}`,
    )

  personalise
    .command('init <folder>')
    .description('a new line: PKI, master keys, and its first owner')
    .option('--name <name>', 'as its certificates have it', 'Gridcard Line')
    .option('--owner <name>', 'who gets the cards', 'owner')
    .option('--suite <number>', 'DLMS security suite of the cards: 0, 1 or 2', '1')
    .option('--applets <names>', 'metering, and if you like integrity, iot-safe', 'metering')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help('init line', 'init line --owner citynet --suite 2', 'init line --applets metering,integrity,iot-safe'),
    )
    .action(
      async (folder: string, options: { name: string; owner: string; suite: string; applets: string; json?: true }) => {
        const { personaliseInit, io } = await load()
        end(await personaliseInit(io, folder, options))
      },
    )

  personalise
    .command('run <folder>')
    .description('make the cards with these numbers; those that are done stay as they are')
    .option('--count <number>', 'how many', '1')
    .option('--first <number>', 'number of the first', '1')
    .option('--software <image...>', 'signed images that are on the devices already')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      help('run line --count 1000', 'run line --first 1001 --count 1000 --json', 'run line --software meter.image'),
    )
    .action(async (folder: string, options: { count: string; first: string; software?: string[]; json?: true }) => {
      const { personaliseRun, io } = await load()
      end(await personaliseRun(io, folder, options))
    })

  personalise
    .command('software <folder> <file>')
    .description('sign software that the cards of this line verify before it runs')
    .requiredOption('--version <version>', 'of the form 1.2.3')
    .option('--rollback <number>', 'rises when releases before it are withdrawn', '0')
    .option('--target <number>', 'which piece of software, 0 to 3', '0')
    .option('--out <file>', 'default: the file with .image added')
    .option(...JSON_OPTION)
    .addHelpText('after', help('software line meter.mjs --version 1.1.0 --rollback 1'))
    .action(
      async (
        folder: string,
        file: string,
        options: { version: string; rollback: string; target: string; out?: string; json?: true },
      ) => {
        const { personaliseSoftware, io } = await load()
        end(await personaliseSoftware(io, folder, file, options))
      },
    )

  personalise
    .command('status <folder>')
    .description('what is done, what was interrupted, whose the cards are')
    .option(...JSON_OPTION)
    .addHelpText('after', help('status line --json'))
    .action(async (folder: string, options: { json?: true }) => {
      const { personaliseStatus, io } = await load()
      end(await personaliseStatus(io, folder, options))
    })

  personalise
    .command('verify <folder>')
    .description('compare every card with its certificates and its key file; nothing is changed')
    .option(...JSON_OPTION)
    .addHelpText('after', help('verify line'))
    .action(async (folder: string, options: { json?: true }) => {
      const { personaliseVerify, io } = await load()
      end(await personaliseVerify(io, folder, options))
    })

  personalise
    .command('owner <folder> <name>')
    .description('another organisation that may own cards: keys and certificates')
    .option(...JSON_OPTION)
    .addHelpText('after', help('owner line newco'))
    .action(async (folder: string, name: string, options: { json?: true }) => {
      const { personaliseOwner, io } = await load()
      end(await personaliseOwner(io, folder, name, options))
    })

  personalise
    .command('transfer <folder> <serial>')
    .description('a card changes hands: the old owner orders it, the new one comes in with keys of its own')
    .requiredOption('--to <owner>', 'who gets it')
    .option(...JSON_OPTION)
    .addHelpText('after', help('transfer line GC00000001 --to newco'))
    .action(async (folder: string, serial: string, options: { to: string; json?: true }) => {
      const { personaliseTransfer, io } = await load()
      end(await personaliseTransfer(io, folder, serial, options))
    })
}
