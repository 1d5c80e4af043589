import type { ExportComponent } from '../capfile/cap-file.ts'
import { ACC } from '../classfile/class-file.ts'
import type { ClassLibrary } from './class-library.ts'
import { isVirtual, isVisible, type JavaClass, type JavaField, type JavaMethod, STATIC_INITIALISER } from './program.ts'

/** What other packages may name, in token order. */
export interface ExportedClass {
  readonly class: JavaClass
  readonly staticFields: readonly JavaField[]
  readonly staticMethods: readonly JavaMethod[]
}

/**
 * A package with applets shows other packages only its shareable interfaces; a library shows every public class.
 *
 * @param classes in the order of the Class component
 * @source JCVM 3.1 §6.13
 */
export function exportedClasses(
  classes: readonly JavaClass[],
  library: ClassLibrary,
  hasApplets: boolean,
): ExportedClass[] {
  return classes
    .filter(
      (one) => one.accessFlags & ACC.PUBLIC && (!hasApplets || (one.isInterface && library.isShareable(one.name))),
    )
    .map((one) => ({ class: one, staticFields: visibleStaticFields(one), staticMethods: visibleStaticMethods(one) }))
}

/** Index: static field token. Compile-time constants have none. */
export function visibleStaticFields(one: JavaClass): JavaField[] {
  return one.fields.filter((field) => field.isStatic && isVisible(field) && field.constantValue === undefined)
}

/** Index: static method token; constructors are numbered among them. */
export function visibleStaticMethods(one: JavaClass): JavaMethod[] {
  return one.methods.filter((method) => !isVirtual(method) && isVisible(method) && method.name !== STATIC_INITIALISER)
}

/** @param packages that show something; in compact format the only one */
export function buildExport(
  packages: readonly { readonly exported: readonly ExportedClass[] }[],
  format: 'compact' | 'extended',
  addresses: {
    classOffset(name: string): number
    imageOffset(field: JavaField): number
    methodOffset(method: JavaMethod): number
  },
): ExportComponent {
  const exported = packages.flatMap((one) => one.exported)
  return {
    ...(format === 'extended' && { packageClassCounts: packages.map((one) => one.exported.length) }),
    classes: exported.map(({ class: one, staticFields, staticMethods }) => ({
      classOffset: addresses.classOffset(one.name),
      staticFieldOffsets: staticFields.map((field) => addresses.imageOffset(field)),
      staticMethodOffsets: staticMethods.map((method) => addresses.methodOffset(method)),
    })),
  }
}
