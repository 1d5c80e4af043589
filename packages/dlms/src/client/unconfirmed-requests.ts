import { longInvokeBits } from '../apdu/access.ts'
import type { XdlmsApdu } from '../apdu/apdu.ts'
import { cosem } from '../cosem/cosem-data.ts'
import type { AccessItem, AccessOptions, ActionItem, SetItem } from './client-items.ts'

// Requests that ask for no answer: their invoke ids lack the bit for it. @source Green Book ed. 8 §9.4.6.4, §9.4.6.9

/** High priority; the invoke id goes in the low nibble. */
const UNCONFIRMED_HIGH = 0x80

interface Numbering {
  /** 1..15, a new one each time. */
  readonly nextId: () => number
  /** Several in one request, where the server takes that. */
  readonly hasLists: boolean
}

export function unconfirmedSets(items: readonly SetItem[], { nextId, hasLists }: Numbering): readonly XdlmsApdu[] {
  const id = () => UNCONFIRMED_HIGH | nextId()
  if (items.length > 1 && hasLists) {
    const values = items.map(({ value }) => value)
    return [{ kind: 'set-request-with-list', invokeIdAndPriority: id(), items, values }]
  }
  return items.map((item) => ({ kind: 'set-request-normal', invokeIdAndPriority: id(), ...item }))
}

export function unconfirmedActions(
  items: readonly ActionItem[],
  { nextId, hasLists }: Numbering,
): readonly XdlmsApdu[] {
  const id = () => UNCONFIRMED_HIGH | nextId()
  if (items.length > 1 && hasLists) {
    const methods = items.map(({ method }) => method)
    const parameters = items.map(({ parameter }) => parameter ?? cosem.nullData)
    return [{ kind: 'action-request-with-list', invokeIdAndPriority: id(), methods, parameters }]
  }
  return items.map((item) => ({ kind: 'action-request-normal', invokeIdAndPriority: id(), ...item }))
}

/** The same for both: the answer is what the flag is about. */
export function accessRequestOf(
  items: readonly AccessItem[],
  { breakOnError = false, isConfirmed, id }: AccessOptions & { readonly isConfirmed: boolean; readonly id: number },
): Extract<XdlmsApdu, { kind: 'access-request' }> {
  return {
    kind: 'access-request',
    longInvokeIdAndPriority:
      longInvokeBits.highPriority +
      (isConfirmed ? longInvokeBits.confirmed : 0) +
      (breakOnError ? longInvokeBits.breakOnError : 0) +
      id,
    specifications: items,
    data: items.map((item) => ('value' in item && item.value) || cosem.nullData),
  }
}
