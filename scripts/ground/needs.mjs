/**
 * What a command stands on, besides Node. Tests that were picked out need less than all of them.
 * @param {string} command
 * @param {readonly string[]} args
 */
export function needsOf(command, args) {
  const isTest = command === 'test' && !args.includes('--help') && !args.includes('-h')
  const picks = args
    .map((arg) => /^(?:\.\/)?(types|lint|format|imports|unit|e2e|packages|scripts)\b/.exec(arg)?.[1])
    .filter((pick) => pick !== undefined)
  const runs = (/** @type {string[]} */ ...names) =>
    isTest && (picks.length === 0 || picks.some((pick) => names.includes(pick)))
  return {
    packages: command !== 'npm',
    importRules: runs('imports', 'unit', 'scripts'),
    jdk: runs('unit', 'e2e'),
    browser: runs('e2e'),
    pcscClients: runs('e2e'),
    consolePage: command === 'start',
  }
}
