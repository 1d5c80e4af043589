/** Tags of the constant pool. @source JCVM 3.1 §5.6 */
export const EXPORT_TAGS = { Utf8: 1, Integer: 3, Classref: 7, Package: 13 } as const

export const EXPORT_MAGIC = 0x00facade

/** Of CONSTANT_Package: other packages may use it without an applet of its own being selected. */
export const ACC_LIBRARY = 0x01

export type ExportConstant =
  | { readonly kind: 'utf8'; readonly text: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'class'; readonly nameIndex: number }
  | {
      readonly kind: 'package'
      readonly flags: number
      readonly nameIndex: number
      readonly version: string
      readonly aid: string
    }
