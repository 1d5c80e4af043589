import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { HEADER_FLAGS } from '../capfile/cap-file.ts'
import { emitComponents } from '../capfile/emit-cap-file.ts'
import { readMethodHeader } from '../capfile/method-component.ts'
import { parseComponents } from '../capfile/parse-cap-file.ts'
import { decodeMethods } from '../instructions/method-code.ts'
import { createMethodPackage } from './create-method-package.ts'

describe('a package made of methods', () => {
  it('refuses a method that calls one that is not there', () => {
    expect(() => createMethodPackage({ methods: { run: { code: 'invokestatic missing return' } } })).toThrow(
      expect.objectContaining({ code: 'CAP_ASM_UNKNOWN_NAME' }),
    )
  })

  it('holds the methods where it says', () => {
    const { cap, methodOffsets } = createMethodPackage({
      methods: {
        run: { code: 'sconst_1 sconst_0 invokestatic divide sreturn', maxStack: 2 },
        divide: { code: 'sload_0 sload_1 sdiv sreturn', maxStack: 2, nargs: 2 },
      },
    })
    const divide = readMethodHeader(cap.methods, methodOffsets.get('divide')!)
    expect(divide).toMatchObject({ nargs: 2, maxStack: 2, maxLocals: 0 })
    expect(toHex(cap.methods.info.subarray(divide.codeOffset))).toBe('1C1D4778')
    expect(decodeMethods(cap).map((one) => one.header.offset)).toEqual([...methodOffsets.values()])
    expect(cap.export?.classes[0]?.staticMethodOffsets).toEqual([...methodOffsets.values()])
  })

  it('declares int only when an instruction uses it', () => {
    const flags = (code: string) => createMethodPackage({ methods: { run: { code } } }).cap.header.flags
    expect(flags('sconst_0 sreturn') & HEADER_FLAGS.ACC_INT).toBe(0)
    expect(flags('iconst_0 ireturn') & HEADER_FLAGS.ACC_INT).toBe(HEADER_FLAGS.ACC_INT)
  })

  it('can be an applet that is loaded from its load form', () => {
    const { cap, methodOffsets } = createMethodPackage({
      packageAid: fromHex('F054455354'),
      methods: { run: { code: 'sconst_1 sreturn' } },
      applet: { process: { code: 'invokestatic run pop getfield_s main.0 pop return' } },
      instance: { cells: 1 },
      text: '.statics default 2',
    })
    expect(cap.applet?.applets).toEqual([
      { aid: fromHex('F05445535401'), installMethodOffset: methodOffsets.get('main_install') },
    ])
    expect(cap.classes.classes[0]).toMatchObject({
      declaredInstanceSizeCells: 1,
      publicMethodTableBase: 7,
      publicMethodTable: [methodOffsets.get('main_process')],
    })
    expect(parseComponents(emitComponents(cap))).toEqual(cap)
  })
})
