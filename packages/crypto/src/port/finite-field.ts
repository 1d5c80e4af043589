export interface FiniteField {
  /**
   * base^exponent mod modulus, as long as the modulus: Diffie-Hellman in the multiplicative group (RFC 2631).
   *
   * @param modulus odd, 128 to 4096 bits in whole bytes, without leading zeros; groups need 1024 at least
   * @throws CryptoPortError `CRYPTO_OUT_OF_RANGE`: the base or the exponent is not smaller than the modulus
   */
  modularPower(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array
}
