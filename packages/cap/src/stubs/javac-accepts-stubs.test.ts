import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { API_FLAGS, type ApiClass, type ApiLevel, type ApiMethod } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { type JvmType, parseMethodDescriptor } from '../classfile/descriptor.ts'
import { emitApiStubs } from './api-stubs.ts'

const run = promisify(execFile)
const hasJavac = await run('javac', ['-version']).then(
  () => true,
  () => false,
)

function javaName(internalName: string): string {
  return internalName.replaceAll(/[/$]/g, '.')
}

function defaultOf(type: JvmType): string {
  if (type.kind === 'class') return `(${javaName(type.name)}) null`
  if (type.kind === 'array') {
    const { element } = type
    return `(${element.kind === 'class' ? javaName(element.name) : element.kind}[]) null`
  }
  return type.kind === 'boolean' ? 'false' : `(${type.kind}) 0`
}

/** A statement that calls a public method; protected ones are reached from a subclass only. */
function callOf(one: ApiClass, method: ApiMethod): string {
  const args = parseMethodDescriptor(method.desc).parameters.map(defaultOf).join(', ')
  const type = javaName(one.name)
  if (method.name === '<init>') return `new ${type}(${args});`
  const isStatic = (method.flags & API_FLAGS.STATIC) !== 0
  return `${isStatic ? type : `((${type}) null)`}.${method.name}(${args});`
}

/** One class that names everything public of a level, and extends every class that can be extended. */
function sourceOf(level: ApiLevel): string {
  const classes = apiPackages(level).flatMap((one) => one.classes)
  const methods = classes.map((one, i) => {
    const callable = one.methods.filter((m) => m.flags & API_FLAGS.PUBLIC)
    const isAbstract = (one.access_flags & API_FLAGS.ABSTRACT) !== 0
    const calls = callable.filter((m) => !(isAbstract && m.name === '<init>')).map((m) => callOf(one, m))
    const constants = one.fields.map((f) => `{ Object o = ${javaName(one.name)}.${f.name}; }`)
    return `static void use${i}() throws Throwable {\n${[...constants, ...calls].join('\n')}\n}`
  })
  const subclasses = classes
    .filter((one) => !(one.access_flags & (API_FLAGS.INTERFACE | API_FLAGS.FINAL)))
    .flatMap((one, i) => {
      const create = one.methods.find((m) => m.name === '<init>')
      if (!create) return []
      const args = parseMethodDescriptor(create.desc).parameters.map(defaultOf).join(', ')
      return `static abstract class Sub${i} extends ${javaName(one.name)} { Sub${i}() throws Throwable { super(${args}); } }`
    })
  return `class Everything {\n${[...methods, ...subclasses].join('\n')}\n}\n`
}

describe.skipIf(!hasJavac)('javac', () => {
  test.for(['2.1.1', '2.2.2', '3.0.5', '3.2.0'] as const)(
    'takes a class that uses the whole API of level %s',
    async (level) => {
      const work = await mkdtemp(join(tmpdir(), 'gridcard-stubs-'))
      try {
        for (const [path, bytes] of emitApiStubs(level)) {
          await mkdir(dirname(join(work, path)), { recursive: true })
          await writeFile(join(work, path), bytes)
        }
        await writeFile(join(work, 'Everything.java'), sourceOf(level))
        const compiled = run('javac', [
          '-J-XX:TieredStopAtLevel=1',
          '-source',
          '8',
          '-target',
          '8',
          '-nowarn',
          '-Xlint:none',
          '-cp',
          work,
          join(work, 'Everything.java'),
        ])
        await expect(compiled.catch((error: { stderr: string }) => error.stderr)).resolves.toMatchObject({ stdout: '' })
      } finally {
        await rm(work, { recursive: true })
      }
    },
  )
})
