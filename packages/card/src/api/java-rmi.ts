import type { NativeBinding } from '../vm/link/native-library.ts'

/** java.rmi: Remote marks interfaces, and the exception has no state. */
export const javaRmi: NativeBinding = { package: 'java/rmi', methods: { 'RemoteException.<init>()V': () => 0 } }
