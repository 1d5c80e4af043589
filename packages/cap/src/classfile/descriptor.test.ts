import { describe, expect, test } from 'vitest'
import { parseClassConstant, parseFieldDescriptor, parseMethodDescriptor } from './descriptor.ts'

describe('descriptors', () => {
  test.for(['', 'X', 'L', 'L;', 'Ljava/lang/Object', '[', 'SS', 'V', '['.repeat(300_000), `${'['.repeat(256)}B`])(
    'a field descriptor %.20s is refused',
    (text) => {
      expect(() => parseFieldDescriptor(text)).toThrowError(expect.objectContaining({ code: 'CAP_CLASS_MALFORMED' }))
    },
  )

  test.for(['', 'S', '()', '(S', '(V)V', '(S)VV', ')V'])('a method descriptor %s is refused', (text) => {
    expect(() => parseMethodDescriptor(text)).toThrowError(expect.objectContaining({ code: 'CAP_CLASS_MALFORMED' }))
  })

  test('name types', () => {
    expect(parseFieldDescriptor('[Lp/A;')).toEqual({ kind: 'array', element: { kind: 'class', name: 'p/A' } })
    expect(parseMethodDescriptor('([BSLp/A;)Z')).toEqual({
      parameters: [{ kind: 'array', element: { kind: 'byte' } }, { kind: 'short' }, { kind: 'class', name: 'p/A' }],
      returns: { kind: 'boolean' },
    })
    expect(parseMethodDescriptor('()V')).toEqual({ parameters: [], returns: { kind: 'void' } })
  })

  test('class constants name a class or an array', () => {
    expect(parseClassConstant('p/A')).toEqual({ kind: 'class', name: 'p/A' })
    expect(parseClassConstant('[S')).toEqual({ kind: 'array', element: { kind: 'short' } })
  })
})
