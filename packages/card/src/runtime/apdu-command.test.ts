import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { parseApduCommand } from './apdu-command.ts'

const hexOf = (count: number) => 'AB'.repeat(count)

describe('a command APDU', () => {
  it.each([
    ['nothing', ''],
    ['a cut header', '00A404'],
    ['less data than Lc says', '00A4040003A1B2'],
    ['a byte behind Le', '00A4040001A1B2C3'],
    ['extended Lc of 0', '00A40400000000AA'],
    ['extended data cut', '00A40400000002AA'],
    ['one byte of extended Le behind data', '00A40400000001AA00'],
    ['extended Le cut', '00A404000001'],
    ['a byte behind extended Le', '00A40400000001AA000000'],
  ])('is wrong with %s', (_, hex) => {
    expect(parseApduCommand(fromHex(hex))).toBeUndefined()
  })

  it.each([
    ['case 1', '00010203', 0, undefined, false],
    ['case 2 short', '0001020305', 0, 5, false],
    ['case 2 short, Le 00', '0001020300', 0, 256, false],
    ['case 2 extended', '00010203000100', 0, 256, true],
    ['case 2 extended, Le 0000', '00010203000000', 0, 65536, true],
    ['case 3 short', '0001020302AABB', 2, undefined, false],
    ['case 3 short, 255 bytes', `00010203FF${hexOf(255)}`, 255, undefined, false],
    ['case 3 extended', `00010203000100${hexOf(256)}`, 256, undefined, true],
    ['case 4 short', '0001020302AABB10', 2, 16, false],
    ['case 4 extended', '00010203000002AABB0000', 2, 65536, true],
  ])('%s', (_, hex, length, ne, isExtended) => {
    const command = parseApduCommand(fromHex(hex))
    expect(command).toMatchObject({ cla: 0, ins: 1, p1: 2, p2: 3, ne, isExtended })
    expect(command?.data).toHaveLength(length)
  })
})
