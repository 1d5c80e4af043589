import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import { basicServiceMethods } from './javacard-framework-service/basic-service.ts'
import {
  DISPATCHER_HIDDEN_BYTES,
  DISPATCHER_REFERENCES,
  dispatcherMethods,
} from './javacard-framework-service/dispatcher.ts'
import {
  CARD_REMOTE_OBJECT_HIDDEN_BYTES,
  cardRemoteObjectMethods,
} from './javacard-framework-service/remote-objects.ts'
import {
  RMI_SERVICE_HIDDEN_BYTES,
  RMI_SERVICE_REFERENCES,
  rmiServiceMethods,
} from './javacard-framework-service/rmi-service.ts'
import { natives } from './native-call.ts'

/** javacard.framework.service. SecurityService is an interface for applets to implement. */
export const javacardFrameworkService: NativeBinding = {
  package: 'javacard/framework/service',
  methods: natives({
    ...reasonedException('javacard/framework/service/ServiceException'),
    ...basicServiceMethods,
    ...dispatcherMethods,
    ...cardRemoteObjectMethods,
    ...rmiServiceMethods,
  }),
  hiddenBytes: {
    Dispatcher: DISPATCHER_HIDDEN_BYTES,
    CardRemoteObject: CARD_REMOTE_OBJECT_HIDDEN_BYTES,
    RMIService: RMI_SERVICE_HIDDEN_BYTES,
  },
  hiddenReferences: {
    Dispatcher: DISPATCHER_REFERENCES,
    CardRemoteObject: [],
    RMIService: RMI_SERVICE_REFERENCES,
  },
}
