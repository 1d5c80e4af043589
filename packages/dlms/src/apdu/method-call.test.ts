import { toHex } from '@gridcard/bytes'
import { expect, it } from 'vitest'
import { cosem } from '../cosem/cosem-data.ts'
import { methodCallOctets } from './method-call.ts'

const remoteDisconnect = { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }

it('a method call is the descriptor, and the parameter behind the octet that says there is one', () => {
  expect(toHex(methodCallOctets(remoteDisconnect, cosem.integer(0)))).toBe('0046000060030AFF01' + '010F00')
  expect(toHex(methodCallOctets(remoteDisconnect))).toBe('0046000060030AFF01' + '00')
})
