import type { NativeImplementation } from '../vm/link/native-library.ts'
import { keyEncryptionMethods } from './key-encryption.ts'
import {
  EXTENDED_KEY_HIDDEN_BYTES,
  EXTENDED_KEY_HIDDEN_REFERENCES,
  KEY_PARTS_HIDDEN_BYTES,
  KEY_PARTS_HIDDEN_REFERENCES,
  type KeyShape,
  keyMethods,
} from './key-parts.ts'
import { type JcreMethod, natives } from './native-call.ts'

const KEY_ENCRYPTION = 'javacardx/crypto/KeyEncryption'

interface KeyClass {
  readonly shape: KeyShape
  /** Of the plain class, where there is one, and of the one with KeyEncryption. */
  readonly ids: readonly [plain: number | undefined, extended: number]
  /** Internal form */
  readonly interfaces: readonly string[]
  /** Besides those of Key. */
  readonly methods: Readonly<Record<string, JcreMethod>>
}

/** The classes behind one kind of key made of parts. */
export function keyImplementations({ shape, ids, interfaces, methods }: KeyClass): NativeImplementation[] {
  const [plain, extended] = ids
  const all = { ...keyMethods(shape), ...methods }
  const plainClass: NativeImplementation[] =
    plain === undefined
      ? []
      : [
          {
            id: plain,
            name: shape.className,
            interfaces,
            hiddenBytes: KEY_PARTS_HIDDEN_BYTES,
            hiddenReferences: KEY_PARTS_HIDDEN_REFERENCES,
            methods: natives(all),
          },
        ]
  return [
    ...plainClass,
    {
      id: extended,
      name: shape.extendedClassName,
      interfaces: [...interfaces, KEY_ENCRYPTION],
      hiddenBytes: EXTENDED_KEY_HIDDEN_BYTES,
      hiddenReferences: EXTENDED_KEY_HIDDEN_REFERENCES,
      methods: natives({ ...all, ...keyEncryptionMethods }),
    },
  ]
}
