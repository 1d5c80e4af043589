import { channelOf, isCommandChaining, isSecureMessaging, isValidCla } from '../runtime/cla.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { type JcreMethod, natives, shortAt } from './native-call.ts'

const ofCla =
  (answer: (cla: number) => number | boolean): JcreMethod =>
  (jcre, at) =>
    Number(answer(shortAt(jcre, at) & 0xff))

/** javacardx.apdu.util: what APDU says of its class byte, of any. @source API 3.0.5 APDUUtil */
export const javacardxApduUtil: NativeBinding = {
  package: 'javacardx/apdu/util',
  methods: natives({
    'APDUUtil.getCLAChannel(B)B': ofCla(channelOf),
    'APDUUtil.isSecureMessagingCLA(B)Z': ofCla(isSecureMessaging),
    'APDUUtil.isCommandChainingCLA(B)Z': ofCla(isCommandChaining),
    'APDUUtil.isISOInterindustryCLA(B)Z': ofCla((cla) => (cla & 0x80) === 0),
    'APDUUtil.isValidCLA(B)Z': ofCla(isValidCla),
  }),
}
