import { Command } from 'commander'
import type { CommandIo } from '../dlms/command-io.ts'
import type { CardNewOptions } from './commands/card-new.ts'
import type { InstallOptions, UpgradeOptions } from './commands/install.ts'
import type { PutKeysOptions } from './commands/keys.ts'
import type { GpOptions } from './options.ts'

const load = async () => {
  const [{ processIo }, cardNew, content, info, install, keys, list] = await Promise.all([
    import('../dlms/command-io.ts'),
    import('./commands/card-new.ts'),
    import('./commands/content.ts'),
    import('./commands/info.ts'),
    import('./commands/install.ts'),
    import('./commands/keys.ts'),
    import('./commands/list.ts'),
  ])
  return { io: processIo() as CommandIo, ...cardNew, ...content, ...info, ...install, ...keys, ...list }
}

type Commands = Omit<Awaited<ReturnType<typeof load>>, 'io' | 'listText'>

/** Loads a command's code when it is used. */
async function run<Name extends keyof Commands>(
  name: Name,
  ...args: Parameters<Commands[Name]> extends [CommandIo, ...infer Rest] ? Rest : never
): Promise<void> {
  const { io, ...commands } = await load()
  // Which arguments go with which name, the signature says; a union of functions cannot.
  await (commands[name] as (io: CommandIo, ...rest: readonly unknown[]) => Promise<void> | void)(io, ...args)
}

const EXIT_CODES = 'Exit codes: 0 done, 1 the card or you refused, 2 it could not begin (option, file, reader).'

const help = (...examples: readonly string[]) =>
  `\n${EXIT_CODES}\n\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map((one) => `  gridcard gp ${one}`).join('\n')}`

/** Every command talks to one card, and most of them through a secure channel. */
function command(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--card <file>', 'the image of a card')
    .option('--reader <name>', 'a reader of this system, or a part of its name that no other has')
    .option('--sd <aid>', "the security domain to talk to (default: the card's own)")
    .option('--trace', 'show what goes over the wire, on standard error')
    .option('--json', 'one line of JSON on standard output')
}

function authenticated(name: string, description: string): Command {
  return command(name, description)
    .option('--key-file <file>', 'keys of the domain, as JSON: {"key": hex}, or {"enc", "mac", "dek"}')
    .option('--test-keys', "the keys that developers' cards come with: 40 41 .. 4F")
    .option('--key-version <number>', 'which of the domain (default: the card chooses)')
    .option('--kdf <method>', 'the keys are master keys: visa2, emv or kdf3 makes those of the card')
    .option('--scp <version>', 'refuse any other protocol: 02 or 03')
    .option('--level <level>', 'clear, mac, mac+enc, mac+rmac, mac+enc+rmac, mac+enc+rmac+renc', 'mac')
    .option('--token-key <file>', 'sign tokens with this key (PEM, or JSON {"key": hex}): delegated management')
    .option('--receipt-key <file>', 'require receipts, and check them with this key')
    .option('--yes', 'do what hurts without asking')
}

/** `gridcard gp`: what is on a card, by GlobalPlatform. */
export function addGpCommands(program: Command): void {
  const gp = program
    .command('gp')
    .description('manage a card by GlobalPlatform: an image, or a card in a reader')
    .addHelpText(
      'after',
      `
Keys never stand on the command line, where every process list shows them: they
come from --key-file (mode 600), from GRIDCARD_GP_KEY or GRIDCARD_GP_KEY_ENC,
_MAC and _DEK in the environment, or are the well-known ones with --test-keys.

A card counts wrong keys, and some block themselves after a few: nothing is
tried twice, and no key is guessed.
${help('info --card dev.img', 'list --card dev.img --test-keys', 'install wallet.cap --reader "ACS ACR39" --key-file keys.json')}`,
    )

  gp.addCommand(
    command('info', 'what the card tells anybody: versions, protocols, keys, numbers')
      .addHelpText('after', help('info --card dev.img', 'info --reader Gridcard --json'))
      .action((o: GpOptions) => run('gpInfo', { ...o, level: 'mac' })),
  )
  gp.addCommand(
    authenticated('list', 'what is on the card: domains, applications, packages with their applets')
      .addHelpText('after', help('list --card dev.img --test-keys', 'list --card dev.img --test-keys --json'))
      .action((o: GpOptions) => run('gpList', o)),
  )
  addContent(gp)
  addKeys(gp)
  addDomains(gp)
  addCardNew(program)
}

function addCardNew(program: Command): void {
  const card = program.commands.find((one) => one.name() === 'card') ?? program.command('card')
  card
    .command('new <file>')
    .description('make a blank card as a file, to be managed with gridcard gp and put into gridcard reader')
    .option('--profile <name>', 'developer, metering or minimal', 'developer')
    .option('--key-file <file>', 'first keys of its security domain, as JSON (default: those of the profile)')
    .option('--key-version <number>', 'key version that they get', '1')
    .option('--json', 'one line of JSON on standard output')
    .addHelpText(
      'after',
      `
${EXIT_CODES}

Examples:
  gridcard card new dev.img
  gridcard card new meter.img --profile metering --key-file keys.json`,
    )
    .action((file: string, o: CardNewOptions) => run('cardNew', file, o))
}

const withLoadOptions = (one: Command) =>
  one
    .option('--domain <aid>', 'the security domain that it will belong to')
    .option('--hash <name>', 'send a hash of the load file: sha1, sha256, sha384, sha512')
    .option('--dap-key <file>', 'sign the load file with this key (PEM, or JSON {"key": hex})')
    .option('--dap-domain <aid>', 'the security domain that checks that signature')
    .option('--block-size <bytes>', 'bytes in each LOAD (default: as many as fit)')

function addContent(gp: Command): void {
  gp.addCommand(
    withLoadOptions(authenticated('install', 'load a CAP file and install its applets'))
      .argument('<file>', 'the CAP file')
      .option('--applet <aid>', 'only this applet of it')
      .option('--instance <aid>', 'under this AID (default: its own)')
      .option('--params <hex>', 'what the applet gets as its parameters')
      .option('--privileges <names>', 'of the applet, with commas: CardReset, GlobalRegistry, ...')
      .option('--max-memory <bytes>', 'most non-volatile memory for each applet; after a comma most RAM')
      .option('--reserve-memory <bytes>', 'memory set aside for each applet, likewise')
      .option('--load-only', 'load, install nothing')
      .option('--replace', 'delete the package first if it is there, with the data of its applets')
      .addHelpText(
        'after',
        help(
          'install wallet.cap --card dev.img --test-keys',
          'install wallet.cap --card dev.img --test-keys --params 0102 --instance A000000620010203',
          'install wallet.cap --card dev.img --key-file keys.json --level mac+enc --replace --yes',
          'install wallet.cap --card dev.img --test-keys --max-memory 4096,512 --reserve-memory 1024',
        ),
      )
      .action((file: string, o: InstallOptions) => run('gpInstall', file, o)),
  )
  gp.addCommand(
    withLoadOptions(authenticated('upgrade', 'a new version of a package, its applets keep their data (Amendment H)'))
      .argument('[file]', 'the CAP file of the new version')
      .option('--resume', 'go on with an upgrade that was interrupted')
      .option('--abort', 'take it back')
      .option('--status', 'how far it is')
      .addHelpText(
        'after',
        help('upgrade wallet-2.cap --card dev.img --test-keys', 'upgrade --status --card dev.img --test-keys'),
      )
      .action((file: string | undefined, o: UpgradeOptions) => run('gpUpgrade', file, o)),
  )
  gp.addCommand(
    authenticated('delete', 'delete an application, a package or a security domain')
      .argument('<aid>')
      .option('--with-instances', 'of a package: its applets too')
      .addHelpText('after', help('delete A000000620010203 --card dev.img --test-keys --yes'))
      .action((aid: string, o: GpOptions) => run('gpDelete', aid, o)),
  )
  for (const [name, locks] of [
    ['lock', true],
    ['unlock', false],
  ] as const) {
    gp.addCommand(
      authenticated(name, `${name} an application, a security domain, or the card`)
        .argument('<aid>', 'an AID, or "card"')
        .option('--domain', 'the AID is of a security domain: it and all that belongs to it')
        .addHelpText(
          'after',
          help(`${name} A000000620010203 --card dev.img --test-keys`, `${name} card --card dev.img --test-keys --yes`),
        )
        .action((aid: string, o: GpOptions) => run('gpLock', aid, o, locks)),
    )
  }
  gp.addCommand(
    authenticated('state', "take the card's life cycle forward: INITIALIZED, SECURED, TERMINATED")
      .argument('<state>')
      .addHelpText('after', help('state SECURED --card dev.img --test-keys --yes'))
      .action((state: string, o: GpOptions) => run('gpState', state, o)),
  )
  gp.addCommand(
    authenticated('personalize', 'send data to an application through its security domain')
      .argument('[aid]', 'the application (default: the security domain itself)')
      .requiredOption('--input <file>', 'the data: a block a line, in hex; "#" begins a remark')
      .option('--format <name>', 'what the blocks are: plain, dgi or ber', 'plain')
      .addHelpText('after', help('personalize A000000620010203 --input blocks.txt --card dev.img --test-keys'))
      .action((aid: string | undefined, o: GpOptions & { input: string; format: string }) =>
        run('gpPersonalize', aid, o),
      ),
  )
}

function addKeys(gp: Command): void {
  const keys = gp.command('keys').description('keys of a security domain')
  keys.addCommand(
    command('list', 'which there are: versions, numbers, types, no values')
      .addHelpText('after', help('keys list --card dev.img'))
      .action((o: GpOptions) => run('gpKeysList', { ...o, level: 'mac' })),
  )
  keys.addCommand(
    authenticated('put', 'store keys: three for a secure channel, or a public one')
      .requiredOption('--new-version <number>', 'key version that they get, 1 to 127')
      .option('--new-keys <file>', 'the keys, as for --key-file; "type" is aes, or des')
      .option('--public-key <file>', 'PEM of a public key: for tokens, receipts, DAP')
      .option('--identifier <number>', 'of the first key (default: 1)')
      .option(
        '--replaces <number>',
        'key version that goes (default: none; the keys a card comes with go by themselves)',
      )
      .addHelpText(
        'after',
        help(
          'keys put --new-keys mine.json --new-version 48 --card dev.img --test-keys',
          'keys put --public-key dap.pem --new-version 115 --card dev.img --test-keys',
        ),
      )
      .action((o: PutKeysOptions) => run('gpKeysPut', o)),
  )
  keys.addCommand(
    authenticated('delete', 'delete keys')
      .option('--version <number>', 'all keys of this version')
      .option('--identifier <number>', 'this key of all versions, or of that version')
      .addHelpText('after', help('keys delete --version 48 --card dev.img --test-keys --yes'))
      .action((o: GpOptions) => run('gpKeysDelete', o)),
  )
}

function addDomains(gp: Command): void {
  const domain = gp.command('domain').description('security domains')
  domain.addCommand(
    authenticated('create', 'install a supplementary security domain')
      .argument('<aid>', 'its AID')
      .option('--privileges <names>', 'with commas: DelegatedManagement, DapVerification, AuthorizedManagement, ...')
      .option('--params <hex>', 'value of C9')
      .option('--max-memory <bytes>', 'most non-volatile memory for it and all below it; after a comma most RAM')
      .option('--reserve-memory <bytes>', 'memory set aside for the domain itself, likewise')
      .option('--package <aid>', 'where security domains come from', 'A0000001515350')
      .option('--module <aid>', 'the applet in that package', 'A000000151535041')
      .addHelpText(
        'after',
        help(
          'domain create A000000620AA01 --card dev.img --test-keys',
          'domain create A000000620AA02 --privileges DelegatedManagement --card dev.img --test-keys',
          'domain create A000000620AA03 --max-memory 32768,1024 --card dev.img --test-keys',
        ),
      )
      .action((aid: string, o: GpOptions & { package: string; module: string }) => run('gpDomainCreate', aid, o)),
  )
  domain.addCommand(
    authenticated('extradite', 'give an application or a package to another security domain')
      .argument('<aid>')
      .requiredOption('--to <aid>', 'the security domain that gets it')
      .addHelpText('after', help('domain extradite A000000620010203 --to A000000620AA01 --card dev.img --test-keys'))
      .action((aid: string, o: GpOptions & { to: string }) => run('gpExtradite', aid, o)),
  )
  domain.addCommand(
    authenticated('privileges', 'change the privileges of an application or security domain')
      .argument('<aid>')
      .argument('<names>', 'with commas; "" takes all away')
      .addHelpText('after', help('domain privileges A000000620010203 CardReset --card dev.img --test-keys'))
      .action((aid: string, names: string, o: GpOptions) => run('gpPrivileges', aid, names, o)),
  )
}
