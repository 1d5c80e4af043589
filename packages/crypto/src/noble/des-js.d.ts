// What we use of des.js, which has no types of its own.
declare module 'des.js' {
  interface Options {
    readonly type: 'encrypt' | 'decrypt'
    readonly key: Uint8Array
    readonly iv?: Uint8Array
    readonly padding: false
  }
  interface Cipher {
    update(bytes: Uint8Array): number[]
    final(): number[]
  }
  interface CipherClass {
    create(options: Options): Cipher
  }
  const des: {
    readonly DES: CipherClass
    readonly EDE: CipherClass
    readonly CBC: { instantiate(base: CipherClass): CipherClass }
  }
  export default des
}
