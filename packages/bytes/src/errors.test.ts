import { expect, test } from 'vitest'
import { assert, BytesError, GridcardError } from './errors.ts'

test('a broken assumption of our own is no error of ours to be caught', () => {
  expect(() => assert(false, 'stack below frame')).toThrow('assertion failed: stack below frame')
  expect(() => assert(0, 'zero')).not.toThrow(GridcardError)
  expect(() => assert(true, 'fine')).not.toThrow()
})

test('an error carries its code, its place, its cause and the name of its class', () => {
  const cause = new Error('inner')
  const error = new GridcardError('CAP_METHOD_TRUNCATED', 'cut short', { offsetBytes: 5 }, { cause })
  expect(error).toMatchObject({ code: 'CAP_METHOD_TRUNCATED', place: { offsetBytes: 5 }, name: 'GridcardError', cause })
  expect(new BytesError('BYTES_BAD_HEX', 'no')).toMatchObject({ name: 'BytesError', place: {} })
  expect(new BytesError('BYTES_BAD_HEX', 'no')).toBeInstanceOf(GridcardError)
})
