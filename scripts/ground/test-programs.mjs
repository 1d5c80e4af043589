import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { findChromium } from './chromium.mjs'
import { offerDebianPrograms, requireDebianPrograms } from './debian.mjs'
import { findJdk } from './jdk.mjs'

const JDK = {
  title: 'a JDK (8 to 21)',
  find: () => findJdk(),
  packages: [['openjdk-17-jdk-headless'], ['openjdk-21-jdk-headless'], ['default-jdk-headless']],
}

// The fonts are only recommended by Debian's chromium, and without any a page is measured and drawn without letters.
const CHROMIUM = { title: 'Chromium', find: () => findChromium(), packages: [['chromium', 'fonts-liberation']] }

/** @param {string} name */
const onPath = (name) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))

/** @param {readonly string[]} files */
const oneOf = (...files) => files.find((file) => existsSync(file))

/** Clients of our PC/SC endpoint. The tests run those that are there; each brings libpcsclite along. */
const PCSC_CLIENTS = [
  { title: 'opensc-tool', find: () => onPath('opensc-tool'), packages: [['opensc']] },
  {
    title: 'pyscard',
    find: () => oneOf('/usr/lib/python3/dist-packages/smartcard/__init__.py'),
    packages: [['python3-pyscard']],
  },
  { title: 'pcsc_scan', find: () => onPath('pcsc_scan'), packages: [['pcsc-tools']] },
  {
    title: 'scdaemon',
    find: () => onPath('gpg-connect-agent') && oneOf('/usr/lib/gnupg/scdaemon', '/usr/libexec/scdaemon'),
    packages: [['scdaemon', 'gpg-agent', 'gpgconf']],
  },
  { title: 'yubico-piv-tool', find: () => onPath('yubico-piv-tool'), packages: [['yubico-piv-tool']] },
]

/**
 * Programs that only tests need: brought when they are sure to be needed, and named when they are there.
 * @param {{ jdk: boolean, browser: boolean, pcscClients: boolean }} needs
 * @returns {Promise<NodeJS.ProcessEnv>} what tells the tests where they are
 */
export async function requireTestPrograms(needs) {
  await requireDebianPrograms([...(needs.jdk ? [JDK] : []), ...(needs.browser ? [CHROMIUM] : [])])
  if (needs.pcscClients) await offerDebianPrograms(PCSC_CLIENTS)
  const home = findJdk()
  const browser = findChromium()
  return {
    ...(home && { JAVA_HOME: home, PATH: [join(home, 'bin'), process.env['PATH']].join(delimiter) }),
    ...(browser && { CHROMIUM_PATH: browser }),
  }
}
