import { readFileSync } from 'node:fs'
import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { GpHost, TEST_KEYS } from '../../test/globalplatform/gp-host.ts'
import { Card } from '../card.ts'
import { type CardProfileFile, cardProfile, cardProfileNames, parseCardProfile } from './card-profiles.ts'

const read = (name: string) => JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8')) as CardProfileFile
const FILES = ['developer.json', 'metering.json', 'minimal-2.2.2.json']
const isValid = new Ajv2020({ strict: false }).compile(read('card-profile.schema.json') as object)

describe('card profiles', () => {
  it.each([
    ['an unknown privilege', { domainPrivileges: ['everything'] }],
    ['an unknown option of a protocol', { secureChannels: [{ protocol: 'SCP03', i: '0F' }] }],
    ['an AID that is none', { issuerAid: 'A0' }],
  ])('refuse %s', (_, change) => {
    const file = read('developer.json')
    const changed = { ...file, globalPlatform: { ...file.globalPlatform!, ...change } } as CardProfileFile
    expect(() => parseCardProfile(changed)).toThrow(expect.objectContaining({ code: 'CARD_BAD_PROFILE' }))
  })

  it.each(FILES)('%s is as the schema says', (name) => {
    expect(isValid(read(name)), JSON.stringify(isValid.errors)).toBe(true)
    expect(isValid({ ...read(name), colour: 'grey' })).toBe(false)
  })

  it.each(cardProfileNames)('%s makes a card whose issuer domain answers', (name) => {
    const profile = cardProfile(name)
    const card = Card.create({ profile, crypto: nodeCrypto })
    card.powerOn()
    const { issuerAid } = profile.globalPlatform!
    expect(new GpHost(card).select(issuerAid)).toContain(`84${'08'}${toHex(issuerAid)}`)
  })

  it('developer opens with the key that every client knows', () => {
    const card = Card.create({ profile: cardProfile('developer'), crypto: nodeCrypto })
    card.powerOn()
    const host = new GpHost(card)
    host.select()
    expect(host.open()).toBe('9000')
  })

  it.each(['metering', 'minimal'] as const)('%s opens with nothing, unless its maker gave it keys', (name) => {
    const profile = cardProfile(name)
    const bare = Card.create({ profile, crypto: nodeCrypto })
    bare.powerOn()
    const host = new GpHost(bare)
    host.select(profile.globalPlatform!.issuerAid)
    expect(host.open()).toBe('6A88')
    const key = fromHex('A0A1A2A3A4A5A6A7B8B9BABBBCBDBEBF')
    const keys = { enc: key, mac: key, dek: key }
    const type = name === 'metering' ? 'aes' : 'des'
    const made = Card.create({ profile, crypto: nodeCrypto, issuerKeys: { keyVersion: 0x30, type, ...keys } })
    made.powerOn()
    const other = new GpHost(made)
    other.select(profile.globalPlatform!.issuerAid)
    expect(other.open({ keys: TEST_KEYS })).toBe('card cryptogram wrong')
    expect(other.open({ keys })).toBe('9000')
  })
})
