import { fromAscii, fromHex } from '@gridcard/bytes'
import { integrityAppletAid, integrityInstallData, integrityPackageAid } from '../integrity/integrity-client.ts'
import { iotSafeAid, iotSafeModuleAid, iotSafePackageAid } from '../iot-safe/iot-safe-codes.ts'
import {
  type IotSafeFilePlan,
  type IotSafeName,
  type IotSafePlan,
  iotSafeInstallData,
} from '../iot-safe/iot-safe-personalisation.ts'
import {
  type CommandPolicy,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
} from '../metering/metering-client.ts'
import { commandClasses, partyCells } from '../metering/metering-messages.ts'

/** What a line may put onto its cards: Metering always, the others on request. */
export const lineAppletNames = ['metering', 'integrity', 'iot-safe'] as const
export type LineAppletName = (typeof lineAppletNames)[number]

/** An applet as the line loads and installs it. */
export interface LineApplet {
  readonly name: LineAppletName
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

const named = (id: number, label: string): Required<IotSafeName> => ({ id: Uint8Array.of(id), label: fromAscii(label) })

/** Names in the IoT SAFE store of a card: numbers as public TLS clients of the applet have them in their examples. */
export const lineIotSafeNames = {
  /** The device's key for TLS, private and public half, and its certificate. */
  identity: named(2, 'identity'),
  certificate: named(3, 'certificate'),
  /** Whom the device trusts, and who is between it and its certificate. */
  root: named(4, 'root'),
  authority: named(5, 'authority'),
  /** A pair for one handshake, and the peer's keys: to agree with, to check its signature. */
  ephemeral: named(1, 'ephemeral'),
  peerAgreement: named(5, 'peer agreement'),
  peerSignature: named(6, 'peer signature'),
} as const

/** Keys of the store; the identity is made on the card and stays. */
export const lineIotSafeKeys: IotSafePlan = {
  publicKeys: [
    { ...lineIotSafeNames.identity, type: 'p256', functions: ['signature'], access: ['read'] },
    { ...lineIotSafeNames.ephemeral, type: 'p256Volatile', functions: ['agreement'], access: ['read'] },
    { ...lineIotSafeNames.peerAgreement, type: 'p256Volatile', functions: ['agreement'], access: ['update'] },
    { ...lineIotSafeNames.peerSignature, type: 'p256Volatile', functions: ['signature'], access: ['update'] },
  ],
  privateKeys: [
    {
      ...lineIotSafeNames.identity,
      type: 'p256',
      usage: 'certificateVerifyTls13',
      functions: ['signature', 'generation'],
      publicKeyId: lineIotSafeNames.identity.id,
      isGenerated: true,
    },
    {
      ...lineIotSafeNames.ephemeral,
      type: 'p256Volatile',
      functions: ['agreement', 'generation'],
      publicKeyId: lineIotSafeNames.ephemeral.id,
      isReplaceable: true,
    },
  ],
}

/** @param o DER */
export function lineIotSafeFiles(o: {
  readonly certificate: Uint8Array
  readonly authority: Uint8Array
  readonly root: Uint8Array
}): readonly IotSafeFilePlan[] {
  return (['certificate', 'root', 'authority'] as const).map((name) => ({
    ...lineIotSafeNames[name],
    usage: 'x509',
    content: o[name],
  }))
}

/** What is on a card of the line, in the order in which it comes. Another applet is another entry, and how it is filled. */
export function lineApplets(suite: 0 | 1 | 2, names: readonly LineAppletName[]): readonly LineApplet[] {
  const all: Readonly<Record<LineAppletName, Omit<LineApplet, 'name'>>> = {
    metering: {
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
    integrity: {
      loadFileAid: integrityPackageAid,
      moduleAid: integrityAppletAid,
      instanceAid: integrityAppletAid,
      installData: integrityInstallData(),
    },
    'iot-safe': {
      loadFileAid: iotSafePackageAid,
      moduleAid: iotSafeModuleAid,
      instanceAid: iotSafeAid,
      installData: iotSafeInstallData({ most: { file: 3, privateKey: 2, publicKey: 4, secretKey: 0 } }),
    },
  }
  return lineAppletNames.filter((name) => names.includes(name)).map((name) => ({ name, ...all[name] }))
}
