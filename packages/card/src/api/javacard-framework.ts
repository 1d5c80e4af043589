import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonAccess, reasonedException } from './card-exceptions.ts'
import { AID_HIDDEN_BYTES, aidMethods } from './javacard-framework/aid.ts'
import { apduMethods } from './javacard-framework/apdu.ts'
import { APPLET_HIDDEN_BYTES, APPLET_REFERENCES, appletMethods } from './javacard-framework/applet.ts'
import { arrayViewMethods } from './javacard-framework/array-views.ts'
import { jcSystemMethods } from './javacard-framework/jc-system.ts'
import { OWNER_PIN_HIDDEN_BYTES, OWNER_PIN_REFERENCES, ownerPinMethods } from './javacard-framework/owner-pin.ts'
import { ownerPinBuilderMethods, ownerPinxImplementations } from './javacard-framework/owner-pinx.ts'
import { resourcesMethods } from './javacard-framework/resources.ts'
import { sensitiveArraysMethods } from './javacard-framework/sensitive-arrays.ts'
import { utilMethods } from './javacard-framework/util.ts'
import { natives } from './native-call.ts'

const REASON_BYTES = 2

/** javacard.framework, one file per class; the exceptions share one. */
export const javacardFramework: NativeBinding = {
  package: 'javacard/framework',
  methods: natives({
    ...aidMethods,
    ...apduMethods,
    ...appletMethods,
    ...arrayViewMethods,
    ...jcSystemMethods,
    ...ownerPinMethods,
    ...ownerPinBuilderMethods,
    ...resourcesMethods,
    ...sensitiveArraysMethods,
    ...utilMethods,
    ...reasonAccess('CardException'),
    ...reasonAccess('CardRuntimeException'),
    ...reasonedException('javacard/framework/CardException'),
    ...reasonedException('javacard/framework/CardRuntimeException'),
    ...reasonedException('javacard/framework/ISOException'),
    ...reasonedException('javacard/framework/UserException'),
    ...reasonedException('javacard/framework/APDUException'),
    ...reasonedException('javacard/framework/SystemException'),
    ...reasonedException('javacard/framework/TransactionException'),
    ...reasonedException('javacard/framework/PINException'),
    'UserException.<init>()V': () => 0,
  }),
  hiddenReferences: {
    AID: [],
    Applet: APPLET_REFERENCES,
    OwnerPIN: OWNER_PIN_REFERENCES,
    CardException: [],
    CardRuntimeException: [],
  },
  hiddenBytes: {
    AID: AID_HIDDEN_BYTES,
    Applet: APPLET_HIDDEN_BYTES,
    OwnerPIN: OWNER_PIN_HIDDEN_BYTES,
    CardException: REASON_BYTES,
    CardRuntimeException: REASON_BYTES,
  },
  implementations: ownerPinxImplementations,
}
