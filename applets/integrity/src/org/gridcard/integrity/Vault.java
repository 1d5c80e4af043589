package org.gridcard.integrity;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;
import javacard.security.RandomData;
import javacard.security.Signature;
import javacardx.crypto.Cipher;

/**
 * Sealed values: encrypted for this card, to be opened only while chosen registers are what they were named to be. Java Card
 * 3.0.4 has no AEAD, so it is AES-CBC, then a CBC-MAC under a second key over all of it; the length in its first block
 * keeps one message from being the beginning of another, which is what CBC-MAC asks for.
 */
final class Vault {
    /** Layout: version 1, mask 2, digest of the registers 32, IV 16, ciphertext, MAC 16. */
    static final short MASK = 1;
    static final short DIGEST = 3;
    private static final short IV = 35;
    static final short TEXT = 51;
    static final short BLOCK = 16;
    static final short MOST_SECRET = 96;
    static final byte VERSION = 1;

    private final AESKey encryptionKey;
    private final AESKey macKey;
    private final Cipher cbc;
    private final Signature mac;

    Vault() {
        encryptionKey = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        macKey = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        cbc = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_CBC_NOPAD, false);
        mac = Signature.getInstance(Signature.ALG_AES_MAC_128_NOPAD, false);
    }

    /** Fresh keys, which nobody else ever has. In the caller's transaction. */
    void makeKeys(RandomData random, byte[] scratch) {
        random.generateData(scratch, (short) 0, (short) (2 * BLOCK));
        encryptionKey.setKey(scratch, (short) 0);
        macKey.setKey(scratch, BLOCK);
        Util.arrayFillNonAtomic(scratch, (short) 0, (short) (2 * BLOCK), (byte) 0);
    }

    boolean hasKeys() {
        return encryptionKey.isInitialized() && macKey.isInitialized();
    }

    /**
     * Mask and digest stand at {@code at} already, the secret at {@code TEXT + 1} from there; both are in the work buffer.
     *
     * @return length of the sealed value
     */
    short seal(byte[] work, short at, short secretLength, RandomData random, byte[] scratch) {
        work[at] = VERSION;
        random.generateData(work, (short) (at + IV), BLOCK);
        short text = (short) (at + TEXT);
        work[text] = (byte) secretLength;
        short padded = (short) ((short) (secretLength + BLOCK) & (short) ~(BLOCK - 1));
        Util.arrayFillNonAtomic(work, (short) (text + 1 + secretLength), (short) (padded - 1 - secretLength), (byte) 0);
        cbc.init(encryptionKey, Cipher.MODE_ENCRYPT, work, (short) (at + IV), BLOCK);
        cbc.doFinal(work, text, padded, scratch, (short) 0);
        Util.arrayCopyNonAtomic(scratch, (short) 0, work, text, padded);
        short length = (short) (TEXT + padded);
        beginMac(work, at, length, Signature.MODE_SIGN, scratch);
        mac.sign(work, text, padded, work, (short) (at + length));
        return (short) (length + BLOCK);
    }

    /**
     * Whether this card sealed it, unchanged.
     *
     * @param length of the whole sealed value
     */
    boolean isOurs(byte[] work, short at, short length, byte[] scratch) {
        short size = (short) (length - BLOCK);
        short padded = (short) (size - TEXT);
        if (work[at] != VERSION || padded < BLOCK || (padded & (BLOCK - 1)) != 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        beginMac(work, at, size, Signature.MODE_VERIFY, scratch);
        return mac.verify(work, (short) (at + TEXT), padded, work, (short) (at + size), BLOCK);
    }

    /** After {@link #isOurs}. The secret stands at {@code TEXT + 1}. @return its length */
    short open(byte[] work, short at, short length, byte[] scratch) {
        short text = (short) (at + TEXT);
        short padded = (short) (length - BLOCK - TEXT);
        cbc.init(encryptionKey, Cipher.MODE_DECRYPT, work, (short) (at + IV), BLOCK);
        cbc.doFinal(work, text, padded, scratch, (short) 0);
        Util.arrayCopyNonAtomic(scratch, (short) 0, work, text, padded);
        Util.arrayFillNonAtomic(scratch, (short) 0, padded, (byte) 0);
        return (short) (work[text] & 0xFF);
    }

    /** First block: length 2, version, mask, zeros. Then digest and IV, each of whole blocks. */
    private void beginMac(byte[] work, short at, short length, byte mode, byte[] scratch) {
        mac.init(macKey, mode);
        Util.arrayFillNonAtomic(scratch, (short) 0, BLOCK, (byte) 0);
        Util.setShort(scratch, (short) 0, length);
        Util.arrayCopyNonAtomic(work, at, scratch, (short) 2, DIGEST);
        mac.update(scratch, (short) 0, BLOCK);
        mac.update(work, (short) (at + DIGEST), (short) (Words.HASH + BLOCK));
    }
}
