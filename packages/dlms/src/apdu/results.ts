/**
 * Result codes of the xDLMS services, one table each; refusals are values.
 * @source Green Book ed. 8 §9.5 (Data-Access-Result, Action-Result)
 */
export const dataAccessResults = {
  success: 0,
  'hardware-fault': 1,
  'temporary-failure': 2,
  'read-write-denied': 3,
  'object-undefined': 4,
  'object-class-inconsistent': 9,
  'object-unavailable': 11,
  'type-unmatched': 12,
  'scope-of-access-violated': 13,
  'data-block-unavailable': 14,
  'long-get-aborted': 15,
  'no-long-get-in-progress': 16,
  'long-set-aborted': 17,
  'no-long-set-in-progress': 18,
  'data-block-number-invalid': 19,
  'other-reason': 250,
} as const

export const actionResults = {
  success: 0,
  'hardware-fault': 1,
  'temporary-failure': 2,
  'read-write-denied': 3,
  'object-undefined': 4,
  'object-class-inconsistent': 9,
  'object-unavailable': 11,
  'type-unmatched': 12,
  'scope-of-access-violated': 13,
  'data-block-unavailable': 14,
  'long-action-aborted': 15,
  'no-long-action-in-progress': 16,
  'other-reason': 250,
} as const

export type DataAccessResult = keyof typeof dataAccessResults
export type ActionResult = keyof typeof actionResults

function nameOf<T extends string>(table: Readonly<Record<T, number>>, code: number): T | undefined {
  return (Object.keys(table) as T[]).find((name) => table[name] === code)
}

export const dataAccessResultName = (code: number): DataAccessResult | undefined => nameOf(dataAccessResults, code)
export const actionResultName = (code: number): ActionResult | undefined => nameOf(actionResults, code)
