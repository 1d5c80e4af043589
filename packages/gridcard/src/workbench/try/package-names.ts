import { knownPackageName } from '@gridcard/cap'

/** Packages without token tables, by the AIDs their specifications give. */
const OTHERS: Readonly<Record<string, string>> = {
  A00000000300: 'visa.openplatform',
  A0000000090005FFFFFFFF8911000000: 'uicc.access',
  A0000000090005FFFFFFFF8911010000: 'uicc.access.fileadministration',
  A0000000090005FFFFFFFF8912000000: 'uicc.toolkit',
  A0000000090005FFFFFFFF8913000000: 'uicc.system',
}

/** `javacard.framework` for its AID in hex; undefined where no standard we know gives it. */
export function packageNameOf(aid: string): string | undefined {
  return knownPackageName(aid) ?? OTHERS[aid]
}
