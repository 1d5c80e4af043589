export * from './api/api-package.ts'
export * from './api/api-packages.ts'
export {
  allPackageVersions,
  etsiPackages,
  findKnownPackage,
  findPackageVersion,
  globalPlatformPackages,
  knownPackageName,
} from './api/known-packages.ts'
export { type AssembledPackage, type AssembleOptions, assemble, assemblePackage } from './assembler/assemble.ts'
export { assembleMethod, type MethodFrame } from './assembler/assemble-method.ts'
export {
  createMethodPackage,
  type MethodPackageOptions,
  type MethodSource,
} from './assembler/create-method-package.ts'
export { type DisassembleOptions, disassemble } from './assembler/disassemble.ts'
export * from './capfile/cap-file.ts'
export { type CapQuirks, checkCapFile } from './capfile/check-cap-file.ts'
export { classInfoSizeBytes, interfaceInfoSizeBytes } from './capfile/class-component.ts'
export { createDirectory, emitComponentInfo, withDirectory } from './capfile/component-info.ts'
export { COMPONENT_TAGS, COMPONENTS_IN_INSTALL_ORDER, type ComponentKind } from './capfile/component-table.ts'
export { typeDescriptorSizeBytes } from './capfile/descriptor-component.ts'
export { emitCapFile, emitComponents } from './capfile/emit-cap-file.ts'
export { type ExportedClasses, exportedPackages } from './capfile/export-component.ts'
export {
  emitHandlers,
  emitMethodHeader,
  firstMethodOffset,
  joinBlocks,
  joinMethods,
  parseMethodComponent,
  readMethodHeader,
} from './capfile/method-component.ts'
export { parseCapFile, parseComponents } from './capfile/parse-cap-file.ts'
export { locateStaticResources } from './capfile/static-resources.ts'
export * from './classfile/class-file.ts'
export * from './classfile/emit-class-file.ts'
export * from './classfile/parse-class-file.ts'
export type { AppletSource } from './converter/applets.ts'
export * from './converter/convert.ts'
export { type DebugFormat, emitDebugComponent, parseDebugComponent } from './debug/debug-component.ts'
export * from './debug/debug-map.ts'
export { type FindingSource, sourceOfFinding } from './debug/finding-source.ts'
export { type ListedInstruction, type ListedMethod, listInstructions } from './debug/list-instructions.ts'
export * from './errors.ts'
export { emitApiExports, exportFilePath } from './exportfile/api-exports.ts'
export { emitExportFile } from './exportfile/emit-export-file.ts'
export { parseExportFile } from './exportfile/parse-export-file.ts'
export * from './instructions/decode-instruction.ts'
export * from './instructions/instruction.ts'
export * from './instructions/instruction-table.ts'
export * from './instructions/method-code.ts'
export { createReferenceLocation } from './instructions/reference-locations.ts'
export * from './stubs/api-stubs.ts'
export { findingOfFormatError, type VerifyOptions, verifyCapFile } from './verifier/verify-cap-file.ts'
export { type VerifyFinding, type VerifyRule, verifyFindingText, verifyRules } from './verifier/verify-finding.ts'
