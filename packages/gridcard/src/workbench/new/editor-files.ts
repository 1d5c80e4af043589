import { version } from '../../version.ts'

/** Settings for editors, by their path in the project. */
export function editorFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['.vscode/launch.json', json(LAUNCH)],
    [`${EXTENSION}/package.json`, json(extensionManifest())],
    [`${EXTENSION}/adapter.cjs`, ADAPTER],
  ])
}

/** VS Code finds extensions of a workspace there, from 1.89 on; without one it knows no debugger of ours. */
const EXTENSION = '.vscode/extensions/gridcard-debug'

/** The editor puts the folder in. */
const WORKSPACE = '$' + '{workspaceFolder}'

const LAUNCH = {
  version: '0.2.0',
  configurations: [
    {
      name: 'Applet, driven by test.apdu',
      type: 'gridcard',
      request: 'launch',
      project: WORKSPACE,
      script: `${WORKSPACE}/test.apdu`,
    },
    {
      name: 'Applet, driven from the debug console',
      type: 'gridcard',
      request: 'launch',
      project: WORKSPACE,
    },
    {
      name: 'Applet, driven by a PC/SC program',
      type: 'gridcard',
      request: 'launch',
      project: WORKSPACE,
      reader: true,
    },
    {
      name: 'A card of "gridcard debug --port 4711 --applet ..."',
      type: 'gridcard',
      request: 'attach',
      debugServer: 4711,
    },
  ],
}

function extensionManifest() {
  const text = (description: string) => ({ type: 'string', description })
  const list = (description: string) => ({ type: 'array', items: { type: 'string' }, description })
  return {
    name: 'gridcard-debug',
    displayName: 'Gridcard: debug Java Card applets',
    description: 'Runs "gridcard debug" for this workspace.',
    publisher: 'gridcard',
    version,
    engines: { vscode: '^1.89.0' },
    categories: ['Debuggers'],
    contributes: {
      breakpoints: [{ language: 'java' }],
      debuggers: [
        {
          type: 'gridcard',
          label: 'Java Card applet',
          languages: ['java'],
          program: './adapter.cjs',
          runtime: 'node',
          configurationAttributes: {
            launch: {
              properties: {
                project: text('Folder of an applet: built, then installed'),
                applets: list('CAP files or project folders'),
                parameters: { type: 'object', description: 'Install parameters in hex, by AID of the class' },
                script: text('APDU script that drives the card'),
                reader: { type: 'boolean', description: 'Serve the card as a PC/SC reader' },
                command: list('Program that uses the reader, with its arguments'),
                stopOnEntry: { type: 'boolean', description: 'Stop at the first instruction' },
              },
            },
            attach: { properties: {} },
          },
        },
      ],
    },
  }
}

const ADAPTER = `// Starts "gridcard debug" with this process's input and output. GRIDCARD may say how gridcard is started.
const { spawn } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const own = join(__dirname, '..', '..', '..', 'node_modules', '.bin', 'gridcard')
const gridcard = process.env.GRIDCARD ?? (existsSync(own) ? JSON.stringify(own) : 'gridcard')
const child = spawn(\`\${gridcard} debug\`, { stdio: 'inherit', shell: true })
child.on('exit', (code) => process.exit(code ?? 1))
`

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
