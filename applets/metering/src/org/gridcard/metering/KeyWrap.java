package org.gridcard.metering;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacardx.crypto.Cipher;

/** AES key wrap, as key_transfer of the security setup uses it. @source RFC 3394 §2.2 */
final class KeyWrap {
    private static final short HALF = 8;
    private static final byte INITIAL = (byte) 0xA6;

    private final Cipher aes;
    private final byte[] block;

    KeyWrap(Cipher aesEcb) {
        aes = aesEcb;
        block = JCSystem.makeTransientByteArray((short) (2 * HALF), JCSystem.CLEAR_ON_DESELECT);
    }

    /** Wraps {@code keyLength} bytes in place: they stand 8 bytes after the offset, the result from the offset on. */
    void wrap(AESKey kek, byte[] a, short offset, short keyLength) {
        aes.init(kek, Cipher.MODE_ENCRYPT);
        Util.arrayFillNonAtomic(block, (short) 0, HALF, INITIAL);
        short n = (short) (keyLength / HALF);
        for (short t = 1; t <= (short) (6 * n); t++) {
            short at = (short) (offset + HALF + (short) ((short) (t - 1) % n) * HALF);
            Util.arrayCopyNonAtomic(a, at, block, HALF, HALF);
            aes.doFinal(block, (short) 0, (short) (2 * HALF), block, (short) 0);
            Util.arrayCopyNonAtomic(block, HALF, a, at, HALF);
            block[(short) (HALF - 1)] ^= (byte) t;
        }
        Util.arrayCopyNonAtomic(block, (short) 0, a, offset, HALF);
        clear();
    }

    /** Unwraps in place: the key then stands 8 bytes after the offset. @return false if it is not genuine; then it is wiped */
    boolean unwrap(AESKey kek, byte[] a, short offset, short keyLength) {
        aes.init(kek, Cipher.MODE_DECRYPT);
        Util.arrayCopyNonAtomic(a, offset, block, (short) 0, HALF);
        short n = (short) (keyLength / HALF);
        for (short t = (short) (6 * n); t >= 1; t--) {
            short at = (short) (offset + HALF + (short) ((short) (t - 1) % n) * HALF);
            block[(short) (HALF - 1)] ^= (byte) t;
            Util.arrayCopyNonAtomic(a, at, block, HALF, HALF);
            aes.doFinal(block, (short) 0, (short) (2 * HALF), block, (short) 0);
            Util.arrayCopyNonAtomic(block, HALF, a, at, HALF);
        }
        short difference = 0;
        for (short i = 0; i < HALF; i++) {
            difference |= (short) (block[i] ^ INITIAL);
        }
        clear();
        if (difference == 0) {
            return true;
        }
        Util.arrayFillNonAtomic(a, offset, (short) (HALF + keyLength), (byte) 0);
        return false;
    }

    private void clear() {
        Util.arrayFillNonAtomic(block, (short) 0, (short) block.length, (byte) 0);
    }
}
