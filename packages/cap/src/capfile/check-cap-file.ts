import { equalBytes } from '@gridcard/bytes'
import { CapFormatError, type CapFormatErrorCode } from '../errors.ts'
import {
  type CapFile,
  CLASS_FLAGS,
  type ClassInfo,
  type ClassRef,
  type ConstantPoolEntry,
  type DescriptorComponent,
  type ExceptionHandler,
  HEADER_FLAGS,
  type MethodDescriptor,
  type StaticFieldRef,
  type StaticMethodRef,
} from './cap-file.ts'
import { blockOf, readMethodHeader } from './method-component.ts'
import { requireStaticImage } from './static-field-component.ts'

/** Known faults of packages in the field that we tolerate on request; all off by default. */
export interface CapQuirks {
  /**
   * Applet AIDs need not begin with the RID of their package. Converters 2.2.2 let it through, and public applets with
   * such files exist (ash2005/javacard-petrol-rationing).
   */
  readonly appletRidMayDiffer?: boolean
}

const RID_SIZE_BYTES = 5
/** Entry of a method table whose method lives in another package. */
const INHERITED_FROM_OTHER_PACKAGE = 0xffff
/** Constant pool type of an entry without a type: a class. */
const NO_TYPE = 0xffff
const PRIMITIVE_TYPE = 0x8000

function refuse(code: CapFormatErrorCode, component: string, message: string, offsetBytes?: number): never {
  throw new CapFormatError(code, `${component}: ${message}`, { component, offsetBytes })
}

/** What references may name; collected once per package. */
interface Targets {
  readonly cap: CapFile
  readonly interfaceOffsets: ReadonlySet<number>
  readonly classOffsets: ReadonlySet<number>
  /** Starts of all methods, known only with a Descriptor. */
  readonly methodOffsets: ReadonlySet<number> | undefined
}

function targetsOf(cap: CapFile): Targets {
  const offsets = cap.descriptor?.classes.flatMap((one) => one.methods.map((method) => method.methodOffset))
  return {
    cap,
    interfaceOffsets: new Set(cap.classes.interfaces.map((one) => one.offset)),
    classOffsets: new Set(cap.classes.classes.map((one) => one.offset)),
    methodOffsets: offsets && new Set(offsets),
  }
}

/**
 * Checks that the components of a package agree with each other: flags with presence, AIDs, and every reference with a
 * structure that begins where it points. Whether the imports exist is the linker's question, whether the byte code is
 * sound the verifier's.
 *
 * @throws CapFormatError
 * @source JCVM 3.1 ch. 6
 */
export function checkCapFile(cap: CapFile, quirks: CapQuirks = {}): void {
  const targets = targetsOf(cap)
  checkPresence(cap)
  checkApplets(targets, quirks)
  for (const one of cap.classes.interfaces) {
    for (const ref of one.superinterfaces) {
      requireInterfaceRef(targets, ref, 'Class')
      if (ref.kind === 'internal' && ref.classOffset >= one.offset) {
        refuse('CAP_BAD_CLASS', 'Class', 'an interface stands before one that it extends', one.offset)
      }
    }
  }
  for (const one of cap.classes.classes) checkClass(targets, one)
  for (const entry of cap.constantPool) checkConstant(targets, entry)
  for (const handler of cap.methods.handlers) checkHandler(targets, handler)
  requireStaticImage(cap.staticFields)
  checkReferenceLocations(cap)
  checkExport(targets)
  if (cap.descriptor) checkDescriptor(targets, cap.descriptor)
}

function checkPresence(cap: CapFile): void {
  const { flags } = cap.header
  if (((flags & HEADER_FLAGS.ACC_APPLET) !== 0) !== (cap.applet !== undefined)) {
    refuse('CAP_BAD_FLAGS', 'Header', 'ACC_APPLET disagrees with the Applet component')
  }
  if (((flags & HEADER_FLAGS.ACC_EXPORT) !== 0) !== (cap.export !== undefined)) {
    refuse('CAP_BAD_FLAGS', 'Header', 'ACC_EXPORT disagrees with the Export component')
  }
  if ((flags & HEADER_FLAGS.ACC_EXTENDED) !== 0) checkPackages(cap)
}

/** Header, Export and Descriptor speak of the same public packages, in the same order. @source JCVM 3.1 §6.4, §6.13 */
function checkPackages({ header, export: exported, descriptor }: CapFile): void {
  const { packages = [] } = header
  const aids = [header.package, ...packages].map(({ aid }) => aid.join())
  if (new Set(aids).size !== aids.length) refuse('CAP_BAD_AID', 'Header', 'two packages of one name')
  const exportCounts = exported?.packageClassCounts
  if (exported && exportCounts?.length !== packages.length) {
    refuse('CAP_BAD_EXPORT', 'Export', `${exportCounts?.length ?? 0} packages, Header has ${packages.length}`)
  }
  if (descriptor && (descriptor.packageClassCounts?.length ?? 0) < packages.length) {
    refuse('CAP_BAD_DESCRIPTOR', 'Descriptor', 'fewer packages than in Header')
  }
}

function checkApplets(targets: Targets, quirks: CapQuirks): void {
  const { cap } = targets
  const rid = cap.header.package.aid.subarray(0, RID_SIZE_BYTES)
  for (const applet of cap.applet?.applets ?? []) {
    if (!quirks.appletRidMayDiffer && !equalBytes(applet.aid.subarray(0, RID_SIZE_BYTES), rid)) {
      refuse('CAP_BAD_AID', 'Applet', 'an applet AID has another RID than its package')
    }
    requireMethod(targets, applet.installMethodOffset, 'Applet')
  }
}

function requireExternal(cap: CapFile, packageToken: number, component: string): void {
  if (packageToken < cap.imports.length) return
  refuse('CAP_BAD_REFERENCE', component, `package token ${packageToken} with ${cap.imports.length} imports`)
}

function requireClassRef(targets: Targets, ref: ClassRef, component: string): void {
  if (ref.kind === 'external') requireExternal(targets.cap, ref.packageToken, component)
  else if (!targets.classOffsets.has(ref.classOffset) && !targets.interfaceOffsets.has(ref.classOffset)) {
    refuse('CAP_BAD_REFERENCE', component, `no class begins at offset ${ref.classOffset}`)
  }
}

function requireInterfaceRef(targets: Targets, ref: ClassRef, component: string): void {
  requireClassRef(targets, ref, component)
  if (ref.kind === 'internal' && !targets.interfaceOffsets.has(ref.classOffset)) {
    refuse('CAP_BAD_REFERENCE', component, `a class, not an interface, begins at offset ${ref.classOffset}`)
  }
}

function requireMethod(targets: Targets, methodOffset: number, component: string): void {
  readMethodHeader(targets.cap.methods, methodOffset)
  if (targets.methodOffsets && !targets.methodOffsets.has(methodOffset)) {
    refuse('CAP_BAD_METHOD', component, `no method begins at offset ${methodOffset}`)
  }
}

function checkClass(targets: Targets, one: ClassInfo): void {
  if (one.superClass) {
    requireClassRef(targets, one.superClass, 'Class')
    if (one.superClass.kind === 'internal' && one.superClass.classOffset >= one.offset) {
      refuse('CAP_BAD_CLASS', 'Class', 'a class stands before its superclass', one.offset)
    }
    if (one.superClass.kind === 'internal' && targets.interfaceOffsets.has(one.superClass.classOffset)) {
      refuse('CAP_BAD_CLASS', 'Class', 'the superclass is an interface', one.offset)
    }
  }
  if (one.referenceCount > 0 && one.firstReferenceToken + one.referenceCount > one.declaredInstanceSizeCells) {
    refuse('CAP_BAD_CLASS', 'Class', 'more reference fields than the instance has cells', one.offset)
  }
  for (const methodOffset of [...one.publicMethodTable, ...one.packageMethodTable]) {
    if (methodOffset !== INHERITED_FROM_OTHER_PACKAGE) requireMethod(targets, methodOffset, 'Class')
  }
  for (const implemented of one.interfaces) requireInterfaceRef(targets, implemented.interface, 'Class')
  for (const ref of one.remote?.interfaces ?? []) requireInterfaceRef(targets, ref, 'Class')
  if (one.flags & CLASS_FLAGS.ACC_INTERFACE) {
    refuse('CAP_BAD_CLASS', 'Class', 'ACC_INTERFACE on a class', one.offset)
  }
}

function checkConstant(targets: Targets, entry: ConstantPoolEntry): void {
  if (entry.kind === 'staticField') requireStaticField(targets.cap, entry.field, 'ConstantPool')
  else if (entry.kind === 'staticMethod') requireStaticMethod(targets, entry.method)
  else requireClassRef(targets, entry.class, 'ConstantPool')
}

function requireStaticField(cap: CapFile, ref: StaticFieldRef, component: string): void {
  if (ref.kind === 'external') requireExternal(cap, ref.packageToken, component)
  else if (ref.imageOffset >= cap.staticFields.imageSizeBytes) {
    refuse('CAP_BAD_REFERENCE', component, `static field at ${ref.imageOffset} is outside the image`)
  }
}

function requireStaticMethod(targets: Targets, ref: StaticMethodRef): void {
  if (ref.kind === 'external') requireExternal(targets.cap, ref.packageToken, 'ConstantPool')
  else requireMethod(targets, ref.methodOffset, 'ConstantPool')
}

function checkHandler({ cap }: Targets, handler: ExceptionHandler): void {
  const { startOffset, activeLengthBytes, handlerOffset, catchTypeIndex } = handler
  const { firstMethod: first, end } = blockOf(cap.methods, startOffset)
  if (startOffset < first || startOffset + activeLengthBytes > end || handlerOffset < first || handlerOffset >= end) {
    refuse('CAP_BAD_HANDLER', 'Method', `handler for ${startOffset} at ${handlerOffset} leaves the component`)
  }
  if (catchTypeIndex !== 0 && cap.constantPool[catchTypeIndex]?.kind !== 'class') {
    refuse('CAP_BAD_HANDLER', 'Method', `catch type ${catchTypeIndex} is not a class in the constant pool`)
  }
}

function checkReferenceLocations(cap: CapFile): void {
  const { info } = cap.methods
  const check = (offset: number, index: number | undefined) => {
    if (index === undefined || index >= cap.constantPool.length) {
      const message = `no constant pool index at offset ${offset} of Method`
      refuse('CAP_BAD_REFERENCE_LOCATION', 'ReferenceLocation', message)
    }
  }
  for (const offset of cap.referenceLocation.byteIndexOffsets) check(offset, info[offset])
  for (const offset of cap.referenceLocation.byte2IndexOffsets) {
    const low = info[offset + 1]
    check(offset, low === undefined ? undefined : info[offset]! * 256 + low)
  }
}

function checkExport(targets: Targets): void {
  for (const one of targets.cap.export?.classes ?? []) {
    if (!targets.classOffsets.has(one.classOffset) && !targets.interfaceOffsets.has(one.classOffset)) {
      refuse('CAP_BAD_EXPORT', 'Export', `no class begins at offset ${one.classOffset}`)
    }
    for (const imageOffset of one.staticFieldOffsets) {
      requireStaticField(targets.cap, { kind: 'internal', imageOffset }, 'Export')
    }
    for (const methodOffset of one.staticMethodOffsets) requireMethod(targets, methodOffset, 'Export')
  }
}

function checkDescriptor(targets: Targets, descriptor: DescriptorComponent): void {
  const { cap } = targets
  const typeOffsets = new Set(descriptor.types.descriptors.map((one) => one.offset))
  const requireType = (offset: number) => {
    if (!typeOffsets.has(offset)) refuse('CAP_BAD_DESCRIPTOR', 'Descriptor', `no type begins at offset ${offset}`)
  }
  if (descriptor.types.constantPoolTypes.length !== cap.constantPool.length) {
    refuse('CAP_BAD_DESCRIPTOR', 'Descriptor', 'there is not one type per constant pool entry')
  }
  for (const type of descriptor.types.constantPoolTypes) if (!isPrimitive(type) && type !== NO_TYPE) requireType(type)
  for (const one of descriptor.classes) {
    requireClassRef(targets, one.thisClass, 'Descriptor')
    for (const ref of one.interfaces) requireInterfaceRef(targets, ref, 'Descriptor')
    for (const { field, type } of one.fields) {
      if (field.kind === 'static') requireStaticField(cap, field.ref, 'Descriptor')
      else requireClassRef(targets, field.class, 'Descriptor')
      if (!isPrimitive(type)) requireType(type)
    }
    const isInterface = one.thisClass.kind === 'internal' && targets.interfaceOffsets.has(one.thisClass.classOffset)
    for (const method of one.methods) {
      requireType(method.typeOffset)
      if (!isInterface || method.methodOffset !== 0) checkMethodDescriptor(cap, method)
    }
  }
}

/** 0x8002..0x8005: the type itself instead of an offset. */
function isPrimitive(type: number): boolean {
  return type >= PRIMITIVE_TYPE + 2 && type <= PRIMITIVE_TYPE + 5
}

function checkMethodDescriptor(cap: CapFile, method: MethodDescriptor): void {
  const { codeOffset } = readMethodHeader(cap.methods, method.methodOffset)
  if (codeOffset + method.bytecodeSizeBytes > blockOf(cap.methods, method.methodOffset).end) {
    refuse('CAP_BAD_DESCRIPTOR', 'Descriptor', `method at ${method.methodOffset} is longer than Method`)
  }
  const { exceptionHandlerIndex, exceptionHandlerCount } = method
  if (exceptionHandlerCount > 0 && exceptionHandlerIndex + exceptionHandlerCount > cap.methods.handlers.length) {
    refuse('CAP_BAD_DESCRIPTOR', 'Descriptor', `method at ${method.methodOffset} names handlers that are not there`)
  }
}
