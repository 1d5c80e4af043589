import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { API_LEVELS, type ApiLevel } from './api-package.ts'
import {
  apiPackages,
  findApiClass,
  findApiClassByName,
  findApiField,
  findApiFieldByName,
  findApiMethod,
  findApiMethodByName,
  findApiPackage,
  findApiPackageByName,
  globalPlatformPackageVersions,
  parseApiLevel,
} from './api-packages.ts'
import { allPackageVersions, etsiPackages, findKnownPackage, globalPlatformPackages } from './known-packages.ts'

describe('the API tables', () => {
  it('know nothing of packages, classes and methods that are not there', () => {
    expect(findApiPackage('3.0.5', fromHex('A0000000620199'))).toBeUndefined()
    expect(findApiPackageByName('3.0.5', 'javacard.imaginary')).toBeUndefined()
    expect(findApiClassByName('3.0.5', 'javacard/security/KeyAgreementX')).toBeUndefined()
    const apdu = findApiClassByName('3.0.5', 'javacard/framework/APDU')!
    expect(findApiMethodByName(apdu, 'getBuffer', '()V')).toBeUndefined()
    expect(findApiMethod(apdu, 'interface', 1)).toBeUndefined()
  })

  it('find javacard.framework.APDU.getBuffer by name and by token', () => {
    const framework = findApiPackage('3.0.5', fromHex('A0000000620101'))!
    expect(framework).toMatchObject({ name: 'javacard.framework', version: '1.6' })
    const apdu = findApiClass(framework, 10)!
    expect(apdu).toBe(findApiClassByName('3.0.5', 'javacard/framework/APDU'))
    expect(findApiMethod(apdu, 'virtual', 1)).toBe(findApiMethodByName(apdu, 'getBuffer', '()[B'))
  })

  it.each(API_LEVELS)('know the newest org.globalplatform packages at level %s', (level) => {
    expect(findApiPackage(level, fromHex('A00000015100'))).toMatchObject({ name: 'org.globalplatform', version: '1.7' })
    const upgrade = findApiPackageByName(level, 'org.globalplatform.upgrade')!
    expect(upgrade).toMatchObject({ aid: 'A00000015107', version: '1.1' })
  })

  it('serve every import of an older org.globalplatform package from the newest', () => {
    const newest = apiPackages('3.2.0').filter((one) => one.name.startsWith('org.globalplatform'))
    expect(newest).toHaveLength(7)
    for (const current of newest) {
      const versions = globalPlatformPackageVersions(current.name)
      expect(versions.at(-1)).toBe(current)
      for (const old of versions) {
        expect(old.aid).toBe(current.aid)
        for (const oldClass of old.classes) {
          const currentClass = findApiClass(current, oldClass.token)!
          expect(currentClass.name).toBe(oldClass.name)
          for (const { name, desc, space, token } of oldClass.methods) {
            expect(findApiMethod(currentClass, space, token)).toMatchObject({ name, desc })
          }
        }
      }
    }
    const versions = globalPlatformPackageVersions('org.globalplatform').map((one) => one.version)
    expect(versions.join(' ')).toBe('1.0 1.1 1.2 1.3 1.4 1.5 1.6 1.7')
    expect(globalPlatformPackageVersions('javacard.framework')).toEqual([])
  })

  it('give constants by name but never by token', () => {
    const iso = findApiClassByName('3.0.5', 'javacard/framework/ISO7816')!
    expect(findApiFieldByName(iso, 'SW_WRONG_LENGTH')).toMatchObject({ token: 255, value: 0x6700 })
    expect(findApiField(iso, 255)).toBeUndefined()
  })

  it.each(API_LEVELS)('are well formed at level %s', (level) => {
    for (const { aid, version, classes } of apiPackages(level)) {
      expect(aid).toMatch(/^A000000(062|151)[0-9A-F]+$/)
      expect(version).toMatch(/^\d+\.\d+$/)
      for (const { methods, fields } of classes) {
        const keys = methods.map((one) => `${one.space} ${one.token}`)
        expect(new Set(keys).size).toBe(keys.length)
        for (const one of methods) expect(['static', 'virtual', 'interface']).toContain(one.space)
        for (const one of fields) expect(one.token === 255).toBe(typeof one.value === 'number')
      }
    }
  })

  it.each(API_LEVELS)('serve every import of level %s from level 3.2.0: same tokens, versions not below', (level) => {
    for (const old of apiPackages(level)) {
      const current = findApiPackage('3.2.0', fromHex(old.aid))!
      expect(Number(current.version.split('.')[1])).toBeGreaterThanOrEqual(Number(old.version.split('.')[1]))
      for (const oldClass of old.classes) {
        const currentClass = findApiClass(current, oldClass.token)!
        expect(currentClass.name).toBe(oldClass.name)
        for (const { name, desc, space, token } of oldClass.methods) {
          expect(findApiMethod(currentClass, space, token)).toMatchObject({ name, desc })
        }
      }
    }
  })

  it('name levels with and without their last zero', () => {
    expect(parseApiLevel('3.3')).toBeUndefined()
    expect(parseApiLevel('3.1')).toBe('3.1.0')
    expect(parseApiLevel('3.0.4')).toBe('3.0.4')
  })

  it('have at each level what was there, with the flags of the time', () => {
    const versions = (name: string) => API_LEVELS.map((level) => findApiPackageByName(level, name)?.version)
    expect(versions('javacard.framework')).toEqual(['1.0', '1.0', '1.2', '1.3', '1.4', '1.5', '1.6', '1.8', '1.9'])
    expect(versions('javacardx.apdu')).toEqual([undefined, undefined, undefined, ...Array(6).fill('1.0')])
    const flagsOfAid = (level: ApiLevel) => findApiClassByName(level, 'javacard/framework/AID')!.access_flags
    expect([flagsOfAid('2.1.2'), flagsOfAid('2.2.1')]).toEqual([0x11, 0x01])
    expect(findApiClassByName('3.0.4', 'javacardx/crypto/AEADCipher')).toBeUndefined()
    expect(findApiClassByName('3.0.5', 'javacardx/crypto/AEADCipher')?.supers).toEqual([
      'java/lang/Object',
      'javacardx/crypto/Cipher',
    ])
  })
})

describe('known packages', () => {
  const GP = fromHex('A00000015100')

  it('are unknown by another AID or major version', () => {
    expect(findKnownPackage(fromHex('A00000015199'), { major: 1, minor: 0 })).toBeUndefined()
    expect(findKnownPackage(GP, { major: 2, minor: 0 })).toBeUndefined()
  })

  it('are seen as the import sees them, and never newer than published', () => {
    const gpSystem = (minor: number) => {
      const found = findKnownPackage(GP, { major: 1, minor })!
      const [system] = found.classes.filter((one) => one.name === 'org/globalplatform/GPSystem')
      return [found.version, system!.methods.length]
    }
    expect(gpSystem(0)).toEqual(['1.0', 10])
    expect(gpSystem(6)[0]).toBe('1.6')
    expect(gpSystem(99)[0]).toBe('1.7')
  })

  it('hold every package of GlobalPlatform and of ETSI, tokens unique in each', () => {
    expect(globalPlatformPackages().map((one) => one.name)).toContain('org.globalplatform.upgrade')
    expect(etsiPackages().map((one) => `${one.name} ${one.version}`)).toContain('uicc.usim.geolocation 2.0')
    for (const { classes } of allPackageVersions()) {
      expect(new Set(classes.map((one) => one.token)).size).toBe(classes.length)
      for (const { methods } of classes) {
        const keys = methods.map((one) => `${one.space} ${one.token}`)
        expect(new Set(keys).size).toBe(keys.length)
      }
    }
  })
})
