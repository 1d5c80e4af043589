package org.gridcard.metering;

import javacard.security.AESKey;
import javacardx.crypto.AEADCipher;
import javacardx.crypto.Cipher;

/** AES-GCM with IVs of 12 bytes, by the platform. The build for API 3.0.4, which has none, has another class of this name. */
final class Gcm {
    private final AEADCipher cipher;

    Gcm() {
        cipher = (AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false);
    }

    /** @param mode of {@link Cipher} */
    void init(AESKey key, byte mode, byte[] iv, short offset, short length) {
        cipher.init(key, mode, iv, offset, length);
    }

    void updateAAD(byte[] data, short offset, short length) {
        cipher.updateAAD(data, offset, length);
    }

    /** The whole text, in place or elsewhere. */
    void doFinal(byte[] from, short offset, short length, byte[] to, short toOffset) {
        cipher.doFinal(from, offset, length, to, toOffset);
    }

    void retrieveTag(byte[] to, short offset, short length) {
        cipher.retrieveTag(to, offset, length);
    }

    boolean verifyTag(byte[] tag, short offset, short length) {
        return cipher.verifyTag(tag, offset, length, length);
    }
}
