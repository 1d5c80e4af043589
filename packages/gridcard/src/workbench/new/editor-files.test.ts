import { expect, test } from 'vitest'
import { parseLaunchOptions } from '../../debug/launch-options.ts'
import { editorFiles } from './editor-files.ts'

// What VS Code makes of the files: it reads them itself, so here they are held against each other.

interface Attributes {
  readonly properties: Readonly<Record<string, { readonly type: string }>>
}
interface Manifest {
  readonly engines: { readonly vscode: string }
  readonly contributes: {
    readonly debuggers: readonly [
      { type: string; program: string; configurationAttributes: Readonly<Record<string, Attributes>> },
    ]
  }
}
interface Launch {
  readonly version: string
  readonly configurations: readonly Readonly<Record<string, unknown>>[]
}

const files = editorFiles()
const extension = '.vscode/extensions/gridcard-debug'
const { engines, contributes } = JSON.parse(files.get(`${extension}/package.json`)!) as Manifest
const { version, configurations } = JSON.parse(files.get('.vscode/launch.json')!) as Launch
const [contributed] = contributes.debuggers

/** Every debugger's; @source VS Code, launch.json attributes */
const EVERYWHERE = ['name', 'type', 'request', 'debugServer']
const typeOf = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value)

test('launch.json says only what the extension knows, of the type that it expects', () => {
  expect(version).toBe('0.2.0')
  for (const configuration of configurations) {
    expect(configuration['type']).toBe(contributed.type)
    const attributes = contributed.configurationAttributes[`${configuration['request']}`]
    expect(attributes, `${configuration['name']}`).toBeDefined()
    for (const [name, value] of Object.entries(configuration)) {
      if (!EVERYWHERE.includes(name)) expect(attributes!.properties[name]?.type, name).toBe(typeOf(value))
    }
  }
})

test('the debugger takes every attribute that the extension offers, and each launch of launch.json', () => {
  for (const [name, { type }] of Object.entries(contributed.configurationAttributes['launch']!.properties)) {
    const wrong = type === 'string' ? 7 : type === 'array' ? 'text' : undefined
    if (wrong === undefined) continue
    expect(() => parseLaunchOptions({ applets: [import.meta.filename], [name]: wrong }), name).toThrow(`"${name}"`)
  }
  for (const { request, script: _, ...launch } of configurations) {
    if (request === 'launch') expect(parseLaunchOptions({ ...launch, project: import.meta.dirname })).toBeDefined()
  }
})

test('the extension brings the program that it names, and a version of VS Code that looks for it in a workspace', () => {
  expect(files.has(`${extension}/${contributed.program.replace('./', '')}`)).toBe(true)
  expect(engines.vscode).toBe('^1.89.0')
})
