package org.gridcard.metering;

import javacard.framework.JCSystem;
import javacard.security.ECKey;
import javacard.security.ECPrivateKey;
import javacard.security.ECPublicKey;
import javacard.security.Key;
import javacard.security.KeyBuilder;

/**
 * Key objects of a curve. They share its parameters: in each of them they would take 200 bytes. The build for API 3.0.4,
 * where nothing is shared, has another class of this name.
 */
final class CurveKeys {
    private CurveKeys() {
    }

    static short bits(byte suite) {
        return suite == 1 ? KeyBuilder.LENGTH_EC_FP_256 : KeyBuilder.LENGTH_EC_FP_384;
    }

    static Key domain(byte suite, byte[] scratch) {
        Key domain = KeyBuilder.buildKey(KeyBuilder.ALG_TYPE_EC_FP_PARAMETERS, JCSystem.MEMORY_TYPE_PERSISTENT, bits(suite),
                false);
        Curves.setDomain((ECKey) domain, suite, scratch);
        return domain;
    }

    static ECPublicKey publicKey(Key domain, byte suite, byte[] scratch) {
        return (ECPublicKey) KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_EC_FP_PUBLIC,
                JCSystem.MEMORY_TYPE_PERSISTENT, domain, false);
    }

    static ECPrivateKey privateKey(byte memory, Key domain, byte suite, byte[] scratch) {
        return (ECPrivateKey) KeyBuilder.buildKeyWithSharedDomain(KeyBuilder.ALG_TYPE_EC_FP_PRIVATE, memory, domain, false);
    }

    /** Before a pair is made: the parameters are there for good. */
    static void prepare(ECPrivateKey key, byte suite, byte[] scratch) {
    }
}
