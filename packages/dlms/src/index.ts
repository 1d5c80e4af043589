export {
  type AccessRequest,
  type AccessResponse,
  type AccessSpecification,
  longInvokeBits,
} from './apdu/access.ts'
export * from './apdu/acse.ts'
export * from './apdu/acse-names.ts'
export * from './apdu/apdu.ts'
export * from './apdu/apdu-tags.ts'
export * from './apdu/apdu-view.ts'
export type { SecuredBody, ServiceCiphered, TitledCiphering } from './apdu/ciphered.ts'
export * from './apdu/conformance.ts'
export type { DataNotification, EventNotification } from './apdu/data-notification.ts'
export { serviceErrors, stateErrors } from './apdu/exception-response.ts'
export type { GeneralBlockTransfer } from './apdu/general-block-transfer.ts'
export { agreementSchemes, type GeneralCiphering, type KeyInfo } from './apdu/general-ciphering.ts'
export { type GeneralHeader, generalHeaderOctets } from './apdu/general-header.ts'
export { type GeneralSigning, type SignedForm, signedOctets } from './apdu/general-signing.ts'
export { methodCallOctets } from './apdu/method-call.ts'
export * from './apdu/references.ts'
export * from './apdu/results.ts'
export * from './apdu/short-name.ts'
export type { AssociationCertificates } from './certificates/association-certificates.ts'
export * from './certificates/certificate-tool.ts'
export * from './certificates/certificate-trust.ts'
export type { CipheringOptions } from './client/ciphering-options.ts'
export * from './client/client-items.ts'
export * from './client/client-options.ts'
export * from './client/dlms-client.ts'
export type { DlmsTransport } from './client/dlms-transport.ts'
export * from './client/security-setup-client.ts'
export * from './client/short-name-client.ts'
export * from './cosem/cosem-data.ts'
export { emitData, parseData } from './cosem/data-codec.ts'
export * from './cosem/date-time.ts'
export * from './cosem/obis-code.ts'
export * from './cosem/unit.ts'
export * from './errors.ts'
export type { ByteStream, Timer } from './hdlc/byte-stream.ts'
export * from './hdlc/hdlc-address.ts'
export * from './hdlc/hdlc-client-link.ts'
export * from './hdlc/hdlc-frame.ts'
export * from './hdlc/hdlc-parameters.ts'
export * from './hdlc/hdlc-server-link.ts'
export * from './hdlc/hdlc-server-station.ts'
export * from './hdlc/hdlc-splitter.ts'
export * from './hdlc/hdlc-stream-client.ts'
export * from './hdlc/hdlc-stream-server.ts'
export { llcHeaders } from './hdlc/llc.ts'
export * from './hdlc/mode-e.ts'
export * from './interface-classes/association-ln.ts'
export { type AttributeHandler, buildObject, type MethodHandler } from './interface-classes/build-object.ts'
export * from './interface-classes/clock.ts'
export type { ColumnRange } from './interface-classes/column-range.ts'
export * from './interface-classes/cosem-object.ts'
export * from './interface-classes/data.ts'
export * from './interface-classes/definitions/attribute-type.ts'
export * from './interface-classes/definitions/class-definitions.ts'
export * from './interface-classes/disconnect-control.ts'
export * from './interface-classes/interface-class-table.ts'
export * from './interface-classes/object-list-selection.ts'
export { type ObjectListChange, type ObjectListElement, ObjectRights } from './interface-classes/object-rights.ts'
export {
  type ProfileLayout,
  ProfileRestorer,
  restoredProfile,
  restoredRows,
} from './interface-classes/profile-compression.ts'
export {
  type CaptureObject,
  listProfileBuffer,
  type ProfileBuffer,
  type ProfileEntry,
  type ProfileRows,
  profileGenericObject,
} from './interface-classes/profile-generic.ts'
export {
  type ClockRange,
  captureObjectData,
  captureObjectOf,
  type EntryRange,
  isClockColumn,
  type ProfileSelection,
  profileSelectionOf,
  selectColumnRange,
  selectEntries,
  selectRange,
} from './interface-classes/profile-selection.ts'
export {
  CapturedProfile,
  type CapturedProfileOptions,
  type ProfileOrder,
  type SortMethod,
  sortMethods,
  withEntry,
} from './interface-classes/profile-sorting.ts'
export * from './interface-classes/register.ts'
export * from './interface-classes/sap-assignment.ts'
export * from './interface-classes/security-setup.ts'
export type { CertificateParts } from './interface-classes/security-setup-certificates.ts'
export {
  type CertificateEntity,
  type CertificateIdentification,
  type CertificateType,
  certificateEntities,
  certificateTypes,
} from './interface-classes/security-setup-data.ts'
export type { StreamedArray } from './interface-classes/streamed-array.ts'
export { countFailedAttempt } from './meter/behaviours/communication.ts'
export { imageTransferStatus } from './meter/behaviours/image-transfer.ts'
export * from './meter/define-meter.ts'
export type { ImagePort, MeterEvent, MeterPorts } from './meter/meter-context.ts'
export type { MeterMethod, MeterObject, ObjectDescription, ValueSource } from './meter/meter-object.ts'
export * from './push/notification.ts'
export * from './push/push-receiver.ts'
export * from './security/counter-store.ts'
export type { GeneralKey, ProtectionLayer, ProtectionLayers } from './security/frame-protection.ts'
export { otherInfoOf } from './security/key-agreement.ts'
export { openProtectedApdu } from './security/open-protected.ts'
export * from './security/security-module.ts'
export * from './security/security-policy.ts'
export * from './security/security-suite.ts'
export * from './security/software-security-module.ts'
export { signedEphemeral } from './security/software-session-keys.ts'
export { DlmsServer, DlmsServerConnection } from './server/dlms-server.ts'
export * from './server/server-options.ts'
export * from './wrapper/wrapper.ts'
export { apduOfXml, apduXml, dataOfXml, dataXml } from './xml/apdu-xml.ts'
