import { fromHex } from '@gridcard/bytes'
import {
  type CommandPolicy,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
} from '../metering/metering-client.ts'
import { commandClasses, partyCells } from '../metering/metering-messages.ts'

/** An applet that the line puts onto every card: where it comes from, what it is installed with, whose domain it is in. */
export interface LineApplet {
  readonly name: string
  readonly loadFileAid: Uint8Array
  readonly moduleAid: Uint8Array
  readonly instanceAid: Uint8Array
  /** Value of C9. */
  readonly installData: Uint8Array
}

/** Domain of a card's owner, and the package and module that domains are made of. */
export const ownerDomainAid = fromHex('F04752494443415244530001')
export const domainPackageAid = fromHex('A0000001515350')
export const domainModuleAid = fromHex('A000000151535041')
export const ownerKeyVersion = 0x30

/** Key slots: the owner's head-end, and whoever adds its MAC to commands. */
export const lineSlots = { owner: 0, accessController: 1 } as const

/** Parties of a card as it leaves the line: the root, and its owner as supplier. */
export const lineCells = [partyCells.root, partyCells.supplier] as const

const owner: CommandPolicy = { parties: [partyCells.supplier] }
/** Who may order what, until somebody with more rights says otherwise. */
export const linePolicies: readonly (readonly [number, CommandPolicy])[] = [
  [commandClasses.disconnect, owner],
  [commandClasses.reconnect, { ...owner, refusedWhenTampered: true }],
  [commandClasses.limiter, owner],
  [commandClasses.tariff, owner],
  [commandClasses.clock, owner],
  [commandClasses.firmware, owner],
  [commandClasses.keys, owner],
  [commandClasses.prepay, owner],
  [commandClasses.credential, { parties: [partyCells.root, partyCells.supplier] }],
  [commandClasses.quota, owner],
  [commandClasses.unlock, { parties: [partyCells.root, partyCells.supplier] }],
]

/** What is on a card of the line, in the order in which it comes. Another applet is another entry. */
export function lineApplets(suite: 0 | 1 | 2): readonly LineApplet[] {
  return [
    {
      name: 'metering',
      loadFileAid: meteringPackageAid,
      moduleAid: meteringAppletAid,
      instanceAid: meteringAppletAid,
      installData: meteringInstallData({
        suites: [suite, suite],
        cells: lineCells,
        quotas: 1,
        p384: suite === 2,
        partiesHaveP384: suite === 2,
      }),
    },
  ]
}
