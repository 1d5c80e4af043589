import { cipheredTagOf } from '../apdu/apdu-tags.ts'
import type { GeneralKey, ProtectionLayer, ProtectionLayers } from './frame-protection.ts'
import { securityControl } from './security-control.ts'
import { controlOfProtections, protections, requestProtections } from './security-policy.ts'

/** How a client protects what it sends. */
export interface LayerOptions {
  /** `service`: a tag per service; `general`: general-glo- or general-ded-ciphering; or general-ciphering. */
  readonly form: 'service' | 'general' | 'general-ciphering'
  /** In general-ciphering. */
  readonly key: GeneralKey
  readonly isDedicated: boolean
  /** Bits of `security_policy`. */
  readonly policy: number
}

/** What the policy asks of a request; a signature goes around the ciphering. */
export function requestLayers({ form, key, isDedicated, policy }: LayerOptions): ProtectionLayers {
  const required = requestProtections(policy)
  const layers: ProtectionLayer[] = []
  if ((required & protections.signed) !== 0) layers.push({ kind: 'general-signing' })
  const control = controlOfProtections(required)
  if (control === 0) return layers
  if (form === 'general-ciphering') layers.push({ kind: 'general-ciphering', securityControl: control, key })
  else if (form === 'general') {
    layers.push({ kind: isDedicated ? 'general-ded' : 'general-glo', securityControl: control })
  } else layers.push({ kind: isDedicated ? 'ded' : 'glo', securityControl: control })
  return layers
}

/** The same for the initiate-request of an AARQ or RLRQ: always under the global key, never signed. */
export function initiateLayers(policy: number): ProtectionLayers {
  const control = controlOfProtections(requestProtections(policy))
  return control === 0 ? [] : [{ kind: 'glo', securityControl: control }]
}

/** The layers for a service that has no tag of its own when ciphered (ACCESS, notifications). */
export function withGeneralTags(layers: ProtectionLayers): ProtectionLayers {
  return layers.map((layer): ProtectionLayer => {
    if (layer.kind === 'glo') return { ...layer, kind: 'general-glo' }
    return layer.kind === 'ded' ? { ...layer, kind: 'general-ded' } : layer
  })
}

/**
 * How a server protects its answer: as the request was, and with all that is required besides. Never under the
 * broadcast key.
 */
export function answerLayers(asked: ProtectionLayers, required: number, plaintext: Uint8Array): ProtectionLayers {
  const control = controlOfProtections(required)
  const layers = asked.map((layer): ProtectionLayer => {
    if (layer.kind === 'general-signing') return layer
    const answered = (layer.securityControl & securityControl.authenticatedEncrypted) | control
    if (layer.kind !== 'general-ciphering') return { ...layer, securityControl: answered }
    return { ...layer, securityControl: answered, key: layer.key === 'broadcast' ? 'unicast' : layer.key }
  })
  const isCiphered = layers.some(({ kind }) => kind !== 'general-signing')
  if (control !== 0 && !isCiphered) layers.push({ kind: 'glo', securityControl: control })
  const isSigned = layers.some(({ kind }) => kind === 'general-signing')
  if ((required & protections.signed) !== 0 && !isSigned) layers.unshift({ kind: 'general-signing' })
  return cipheredTagOf(plaintext[0] ?? -1, 'glo') === undefined ? withGeneralTags(layers) : layers
}

/** Whether an answer came in the form of the request. */
export function isSameForm(asked: ProtectionLayers, answered: ProtectionLayers): boolean {
  const formOf = (layers: ProtectionLayers) => layers.find(({ kind }) => kind !== 'general-signing')?.kind
  return formOf(asked) === formOf(answered)
}
