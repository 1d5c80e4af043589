import type { NativeBinding } from '../vm/link/native-library.ts'

/** javacardx.apdu: ExtendedLength marks applets and has no methods; the dispatcher looks for it. */
export const javacardxApdu: NativeBinding = { package: 'javacardx/apdu', methods: {} }
