export interface FiniteField {
  /**
   * base^exponent mod modulus, as long as the modulus: Diffie-Hellman in the multiplicative group (RFC 2631).
   *
   * @param modulus odd, 512 to 4096 bits, without leading zeros
   * @throws CryptoPortError `CRYPTO_OUT_OF_RANGE`: the base or the exponent is not smaller than the modulus
   */
  modularPower(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): Uint8Array
}
