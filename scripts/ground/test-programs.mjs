import { delimiter, join } from 'node:path'
import { findChromium } from './chromium.mjs'
import { requireDebianPrograms } from './debian.mjs'
import { findJdk } from './jdk.mjs'

const JDK = {
  title: 'a JDK (8 to 21)',
  find: () => findJdk(),
  packages: [['openjdk-17-jdk-headless'], ['openjdk-21-jdk-headless'], ['default-jdk-headless']],
}

// The fonts are only recommended by Debian's chromium, and without any a page is measured and drawn without letters.
const CHROMIUM = { title: 'Chromium', find: () => findChromium(), packages: [['chromium', 'fonts-liberation']] }

/**
 * Programs that only tests need: brought when they are sure to be needed, and named when they are there.
 * @param {{ jdk: boolean, browser: boolean }} needs
 * @returns {Promise<NodeJS.ProcessEnv>} what tells the tests where they are
 */
export async function requireTestPrograms(needs) {
  await requireDebianPrograms([...(needs.jdk ? [JDK] : []), ...(needs.browser ? [CHROMIUM] : [])])
  const home = findJdk()
  const browser = findChromium()
  return {
    ...(home && { JAVA_HOME: home, PATH: [join(home, 'bin'), process.env['PATH']].join(delimiter) }),
    ...(browser && { CHROMIUM_PATH: browser }),
  }
}
