import type { NativeBinding } from '../vm/link/native-library.ts'

/** java.io: the superclass of RemoteException, without state. */
export const javaIo: NativeBinding = { package: 'java/io', methods: { 'IOException.<init>()V': () => 0 } }
