import { CLASS_DESCRIPTOR_FLAGS, MEMBER_DESCRIPTOR_FLAGS } from '../capfile/cap-file.ts'
import { numberOf, type Token } from './tokens.ts'

type FlagBits = Readonly<Record<string, number>>

/** `public+final`, `none`, or a number when a bit has no name. */
function flagWords(flags: number, bits: FlagBits): string {
  const named = Object.entries(bits).filter(([, bit]) => flags & bit)
  const sum = named.reduce((total, [, bit]) => total | bit, 0)
  if (sum !== flags) return `0x${flags.toString(16)}`
  return named.map(([name]) => name.slice('ACC_'.length).toLowerCase()).join('+') || 'none'
}

function flagBits(token: Token, bits: FlagBits): number {
  if (token.text === 'none') return 0
  let flags = 0
  for (const word of token.text.split('+')) {
    flags |= bits[`ACC_${word.toUpperCase()}`] ?? numberOf({ ...token, text: word }, 'flag')
  }
  return flags
}

export const classFlagWords = (flags: number): string => flagWords(flags, CLASS_DESCRIPTOR_FLAGS)
export const classFlagBits = (token: Token): number => flagBits(token, CLASS_DESCRIPTOR_FLAGS)
export const memberFlagWords = (flags: number): string => flagWords(flags, MEMBER_DESCRIPTOR_FLAGS)
export const memberFlagBits = (token: Token): number => flagBits(token, MEMBER_DESCRIPTOR_FLAGS)
