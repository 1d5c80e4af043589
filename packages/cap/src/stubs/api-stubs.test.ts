import { toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { API_LEVELS } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { parseClassFile } from '../classfile/parse-class-file.ts'
import { javaClassOf } from '../converter/program.ts'
import { emitApiStubs } from './api-stubs.ts'

function stub(path: string) {
  return javaClassOf(parseClassFile(emitApiStubs('3.0.5').get(`${path}.class`)!))
}

describe('API stubs', () => {
  test.for(API_LEVELS)('of level %s leave java.* to the JDK and are otherwise complete', (level) => {
    const names = apiPackages(level).flatMap((one) => one.classes.map((c) => c.name))
    const wanted = names.filter((name) => !name.startsWith('java/')).map((name) => `${name}.class`)
    expect([...emitApiStubs(level).keys()]).toEqual(wanted)
  })

  test.for(API_LEVELS)('of level %s are the same every time', (level) => {
    const [once, again] = [emitApiStubs(level), emitApiStubs(level)]
    for (const [path, bytes] of once) expect(toHex(again.get(path)!)).toBe(toHex(bytes))
  })

  test('carry constants with their values, so that compilers copy them', () => {
    const constants = new Map(stub('javacard/framework/ISO7816').fields.map((one) => [one.name, one.constantValue]))
    expect(constants.get('SW_WRONG_LENGTH')).toBe(0x6700)
    expect(constants.get('SW_NO_ERROR')).toBe(-0x7000) // 9000 as a short
    expect(constants.get('OFFSET_CDATA')).toBe(5)
  })

  test('say what is abstract, final, protected and static', () => {
    const applet = stub('javacard/framework/Applet')
    const flags = Object.fromEntries(applet.methods.map((one) => [one.name + one.descriptor, one.accessFlags]))
    expect(applet.accessFlags).toBe(0x421)
    expect(flags['process(Ljavacard/framework/APDU;)V']).toBe(0x401)
    expect(flags['register()V']).toBe(0x14)
    expect(flags['install([BSB)V']).toBe(0x9)
    expect(stub('javacard/framework/Shareable').accessFlags).toBe(0x601) // shareable itself has no bit in class files
  })

  test('do not repeat inherited methods', () => {
    expect(stub('javacard/framework/OwnerPIN').methods.map((one) => one.name)).not.toContain('equals')
  })
})
