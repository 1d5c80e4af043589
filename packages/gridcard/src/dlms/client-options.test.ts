import { describe, expect, test } from 'vitest'
import { parseClientOptions, type RawClientOptions } from './client-options.ts'

const securityOf = (raw: RawClientOptions) => parseClientOptions('meter.example', raw).security

describe('security on the command line', () => {
  test.each<[string, RawClientOptions]>([
    ['an unknown mechanism', { mechanism: 'hls-6' }],
    ['mechanism none, which is the public client', { mechanism: 'none' }],
    ['an unknown form', { form: 'ded' }],
    ['an unknown key', { form: 'general-ciphering', generalKey: 'ephemeral' }],
    ['a key without general-ciphering', { generalKey: 'one-pass' }],
    ['signatures in clear', { form: 'none', sign: true }],
    ['a dedicated key in clear', { form: 'none', dedicatedKey: true }],
  ])('refuses %s', (_name, raw) => {
    expect(() => securityOf(raw)).toThrow(expect.objectContaining({ code: 'GRIDCARD_BAD_OPTION' }))
  })

  test('is HLS with GMAC under glo-ciphering unless told otherwise', () => {
    expect(securityOf({})).toEqual({
      mechanism: 'hls-gmac',
      ciphering: { form: 'service', key: 'unicast', dedicatedKey: false, policy: 0x6c },
    })
    expect(securityOf({ mechanism: 'hls-ecdsa', form: 'general-glo', dedicatedKey: true, sign: true })).toEqual({
      mechanism: 'hls-ecdsa',
      ciphering: { form: 'general', key: 'unicast', dedicatedKey: true, policy: 0xfc },
    })
    expect(securityOf({ mechanism: 'hls-sha256', form: 'none' })).toEqual({ mechanism: 'hls-sha256', ciphering: false })
  })
})
