import { concatBytes, emitTlv, parseTlvs, type Tlv } from '@gridcard/bytes'
import { CONTENT_KIND, type ContentRecord, FIELD_BYTES } from '../runtime/content-record.ts'
import { type DomainKey, emitKeys, isKeyTag, parseKey } from './domain-keys.ts'
import type { Privileges } from './privileges.ts'

/** What the GlobalPlatform Registry knows of an application beside its applet record. @source GPC 2.3.1 §6.5 */
export interface ApplicationEntry {
  readonly owner: number
  /** Owner of the associated security domain; of the issuer security domain its own. */
  readonly domain: number
  readonly privileges: Privileges
  /** CF implicit selection, CB services, 5F20 provider, C7 C8 quotas, D7 D8 reserved memory. */
  readonly objects: readonly Tlv[]
}

export interface LoadFileEntry {
  readonly slot: number
  readonly domain: number
  readonly objects: readonly Tlv[]
}

/** What a security domain keeps. @source GPC 2.3.1 §7.4, §7.5 */
export interface DomainEntry {
  readonly owner: number
  readonly confirmationCounter: number
  /** Since the last success, over all protocols and key sets. */
  readonly failedAuthentications: number
  /** Operations it no longer does, coded as tag D9. */
  readonly restrictions: number
  readonly keys: readonly DomainKey[]
  readonly objects: readonly Tlv[]
}

/** What belongs to the card. */
export interface CardEntry {
  readonly issuer: number
  /** Operations that OPEN no longer does, coded as tag D9. */
  readonly restrictions: number
  /** Tries left of each global CVM, by its number in `cvm.ts`. */
  readonly tries: Uint8Array
  readonly objects: readonly Tlv[]
}

/** Where in a card's fields the tries begin. */
export const CARD_TRIES = 2

const emitObjects = (objects: readonly Tlv[]) => concatBytes(...objects.map(({ tag, value }) => emitTlv(tag, value)))

function fields(...bytes: readonly number[]): Uint8Array {
  const all = new Uint8Array(FIELD_BYTES)
  all.set(bytes)
  return all
}

export function emitApplication({ owner, domain, privileges: set, objects }: ApplicationEntry): ContentRecord {
  return {
    kind: CONTENT_KIND.application,
    subject: owner,
    fields: fields(domain, set >>> 16, (set >>> 8) & 0xff, set & 0xff),
    objects: emitObjects(objects),
  }
}

export function parseApplication({ subject, fields: f, objects }: ContentRecord): ApplicationEntry {
  return {
    owner: subject,
    domain: f[0]!,
    privileges: (f[1]! << 16) | (f[2]! << 8) | f[3]!,
    objects: parseTlvs(objects),
  }
}

export function emitLoadFile({ slot, domain, objects }: LoadFileEntry): ContentRecord {
  return { kind: CONTENT_KIND.loadFile, subject: slot, fields: fields(domain), objects: emitObjects(objects) }
}

export function parseLoadFile({ subject, fields: f, objects }: ContentRecord): LoadFileEntry {
  return { slot: subject, domain: f[0]!, objects: parseTlvs(objects) }
}

export function emitDomain(entry: DomainEntry): ContentRecord {
  const { owner, confirmationCounter, failedAuthentications, restrictions, keys, objects } = entry
  return {
    kind: CONTENT_KIND.securityDomain,
    subject: owner,
    fields: fields(confirmationCounter >> 8, confirmationCounter & 0xff, failedAuthentications, restrictions),
    objects: concatBytes(emitKeys(keys), emitObjects(objects)),
  }
}

export function parseDomain({ subject, fields: f, objects }: ContentRecord): DomainEntry {
  const all = parseTlvs(objects)
  return {
    owner: subject,
    confirmationCounter: (f[0]! << 8) | f[1]!,
    failedAuthentications: f[2]!,
    restrictions: f[3]!,
    keys: all.filter(({ tag }) => isKeyTag(tag)).map(({ value }) => parseKey(value)),
    objects: all.filter(({ tag }) => !isKeyTag(tag)),
  }
}

export function emitCard({ issuer, restrictions, tries, objects }: CardEntry): ContentRecord {
  const bytes = fields(issuer, restrictions, ...tries)
  return { kind: CONTENT_KIND.card, subject: 0, fields: bytes, objects: emitObjects(objects) }
}

export function parseCard({ fields: f, objects }: ContentRecord): CardEntry {
  return { issuer: f[0]!, restrictions: f[1]!, tries: f.slice(CARD_TRIES), objects: parseTlvs(objects) }
}

/** The objects with one put in the place of those with its tag; an empty value takes them away. */
export function withObject(objects: readonly Tlv[], tag: number, value: Uint8Array): readonly Tlv[] {
  const others = objects.filter((one) => one.tag !== tag)
  return value.length === 0 ? others : [...others, { tag, value }]
}
