import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { classWith, convertClasses } from '../../test/convert-method.ts'
import { constructorOf, flagsOf, javaClass } from '../../test/java-assembler.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { parseCapFile } from '../capfile/parse-cap-file.ts'
import { CapFormatError } from '../errors.ts'
import { emitDebugComponent, parseDebugComponent } from './debug-component.ts'

const CLASSES = [
  javaClass({ name: 'p/I', flags: flagsOf('public interface abstract'), interfaces: ['javacard/framework/Shareable'] }),
  classWith('a: iload_0; iload_1; iadd; i2s; istore_2; b: iload_2; ireturn', '(SS)S', {
    lines: ['a 7', 'b 8'],
    variables: ['first S 0', 'sum S 2'],
  }),
  javaClass({
    name: 'p/U',
    flags: flagsOf('public super abstract'),
    interfaces: ['p/I'],
    fields: ['private b S', 'static s [B', 'static final c S = -5'],
    methods: [constructorOf(), { name: 'g', descriptor: '()V', flags: flagsOf('public abstract') }],
  }),
]

describe('a Debug component', () => {
  const { debug, cap } = convertClasses(CLASSES, { debugComponent: true })

  it('that ends early is refused wherever it ends', () => {
    const { debug: bytes } = cap
    for (let length = 0; length < bytes!.length; length++) {
      expect(() => parseDebugComponent(bytes!.subarray(0, length))).toThrowError(CapFormatError)
    }
  })

  it('with bytes after it, strings that are not there or no strings at all is refused', () => {
    expect(() => parseDebugComponent(fromHex('0001 0001 70 0000 0000 00'))).toThrowError(/1 bytes too many/)
    expect(() => parseDebugComponent(fromHex('0001 0001 70 0001 0000'))).toThrowError(/string that is not there/)
    expect(() => parseDebugComponent(fromHex('0001 0001 FF 0000 0000'))).toThrowError(/no modified UTF-8/)
  })

  it('says what the debug map says, but for the AID and places of abstract methods', () => {
    const read = parseDebugComponent(cap.debug!)
    const withoutPlace = debug.methods.filter((one) => one.codeSizeBytes > 0)
    expect(read.methods.filter((one) => one.codeSizeBytes > 0)).toEqual(
      withoutPlace.map((one) => ({ ...one, accessFlags: one.accessFlags & 0x41f })),
    )
    expect(read.classes).toEqual(debug.classes.map((one) => ({ ...one, accessFlags: one.accessFlags & 0x611 })))
    expect(read.sources).toEqual(debug.sources)
    expect(read.package.name).toBe('p')
    expect(parseDebugComponent(emitDebugComponent(read))).toEqual(read)
  })

  it('comes with format 2.2 before level 3.1, and is not there unless wanted', () => {
    const format = (options: object) => {
      const converted = parseCapFile(emitCapFile(convertClasses(CLASSES, options).cap))
      const { major, minor } = converted.header.formatVersion
      return `${major}.${minor} ${converted.debug ? 'with' : 'without'}`
    }
    expect(format({})).toBe('2.1 without')
    expect(format({ debugComponent: true })).toBe('2.2 with')
    expect(format({ level: '2.2.2', debugComponent: true })).toBe('2.2 with')
    expect(format({ level: '3.1.0' })).toBe('2.3 without')
    expect(format({ level: '3.2.0', debugComponent: true })).toBe('2.3 with')
  })
})
