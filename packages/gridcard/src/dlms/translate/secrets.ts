import type { AttributeRef, MethodRef } from '@gridcard/dlms'

// Places in a meter where keys and passwords go; what is written there is never shown.
// @source Blue Book ed. 14 §4.4.2 (secret of Association SN), §4.4.4 (Association LN), §4.4.7 (Security setup)

export const isSecretAttribute = ({ classId, attributeIndex }: AttributeRef): boolean =>
  (classId === 15 && attributeIndex === 7) || (classId === 12 && attributeIndex === 5)

export const isSecretMethod = ({ classId, methodIndex }: MethodRef): boolean =>
  (classId === 15 && methodIndex === 2) || (classId === 12 && methodIndex >= 5) || (classId === 64 && methodIndex >= 2)
