import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * @param {NodeJS.ProcessEnv} env `CHROMIUM_PATH` is the user's own choice
 * @returns {string | undefined} the browser's program file
 */
export function findChromium(env = process.env) {
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => [join(folder, 'chromium'), join(folder, 'chromium-browser')])
  return [env['CHROMIUM_PATH'], '/usr/bin/chromium', ...onPath].find((file) => file && existsSync(file))
}
