import { toHex } from '@gridcard/bytes'
import { type CapFile, exportedPackages, locateStaticResources, namedMethodOffsets } from '@gridcard/cap'
import { linkClasses } from './class-linker.ts'
import { ABSTRACT_ENTRY, CodeEmitter } from './code-emitter.ts'
import { linkError } from './link-error.ts'
import { type LinkedImport, LinkedMethod, type LinkedPackage } from './linked-package.ts'
import { decodeMethod } from './method-decoder.ts'
import type { NativeLibrary } from './native-library.ts'
import { References } from './references.ts'

const INSTALL_ARGUMENT_WORDS = 3

/**
 * Links a package against its imports: every token resolved, every method decoded and prepared. What cannot be resolved
 * is an error now, never a surprise at run time.
 *
 * @param loadFile the bytes that `cap` was parsed from, as the card keeps them
 * @param found index: package token
 * @throws CardError `CARD_LINK_...`, with the class, method or offset concerned
 */
export function linkPackage(
  cap: CapFile,
  loadFile: Uint8Array,
  key: string,
  found: readonly LinkedImport[],
  natives: NativeLibrary,
): LinkedPackage {
  const { aid, version } = cap.header.package
  const name = toHex(aid)
  const linked = {
    aid: name,
    version,
    name,
    key,
    classes: [],
    exportedClasses: [],
    exports: [],
    applets: [],
    code: new Int32Array(0),
    capOffsets: new Int32Array(0),
    methods: [],
    handlers: [],
    classReferences: [],
    externalMethods: [],
    externalStatics: [],
    imports: found.map((one) => one.package),
    staticReferenceCount: Math.min(cap.staticFields.referenceCount, cap.staticFields.imageSizeBytes >> 1),
    staticImageBytes: cap.staticFields.imageSizeBytes,
    staticResources: locateStaticResources(loadFile, cap),
  } satisfies LinkedPackage as LinkedPackage
  const references = new References(cap, name, found, natives)
  const methods = namedMethodOffsets(cap).map((offset) => {
    const decoded = decodeMethod(cap, name, offset)
    const { nargs, returnWords } = decoded
    const method = new LinkedMethod({
      package: linked,
      name: `${name} Method+0x${offset.toString(16)}`,
      nargs,
      returnWords,
    })
    if (decoded.isAbstract) method.entry = ABSTRACT_ENTRY
    references.methods.set(offset, method)
    return { decoded, method }
  })
  const classes = linkClasses(cap, linked, references)
  const emitter = new CodeEmitter(linked, references, cap.staticFields.imageSizeBytes)
  for (const { decoded, method } of methods) emitter.emitMethod(decoded, method)
  const applets = (cap.applet?.applets ?? []).map((one) => {
    const install = references.methodAt(one.installMethodOffset)
    if (install.nargs !== INSTALL_ARGUMENT_WORDS || install.entry < 0) {
      throw linkError('CARD_LINK_BAD_REFERENCE', name, 'not an install method', one.installMethodOffset)
    }
    return { aid: one.aid, install }
  })
  return Object.assign(linked, {
    ...emitter.finish(),
    methods: methods.map(({ method }) => method),
    classes,
    exportedClasses: cap.export?.classes.map((one) => references.classes.get(one.classOffset)) ?? [],
    exports: exportedPackages(cap).map((one) => ({
      aid: toHex(one.package.aid),
      version: one.package.version,
      classes: one.classes.map(({ classOffset }) => references.classes.get(classOffset)),
    })),
    applets,
  })
}
