package org.gridcard.metering;

import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacardx.crypto.Cipher;

/**
 * AES-GCM with IVs of 12 bytes, from the block cipher: API 3.0.4 has no GCM. Neither branch nor table depends on keys or
 * text. It takes some 20,000 byte codes for a block of 16 bytes, so a card with an AEADCipher gets the other class.
 *
 * @source NIST SP 800-38D
 */
final class Gcm {
    private static final short BLOCK = 16;
    /** Places in {@link #state}: hash key, running hash, block for the tag, counter block, key stream. */
    private static final short H = 0;
    private static final short Y = 16;
    private static final short J = 32;
    private static final short COUNTER = 48;
    private static final short STREAM = 64;
    private static final short STATE = 80;
    /** Places in {@link #counts}: bytes of the running block, of additional data, of text; whether we encrypt. */
    private static final short FILL = 0;
    private static final short AAD = 1;
    private static final short TEXT = 2;
    private static final short ENCRYPTS = 3;

    private final Cipher aes;
    private final byte[] state;
    private final short[] counts;

    Gcm() {
        aes = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false);
        state = JCSystem.makeTransientByteArray(STATE, JCSystem.CLEAR_ON_DESELECT);
        counts = JCSystem.makeTransientShortArray((short) 4, JCSystem.CLEAR_ON_DESELECT);
    }

    /** @param mode of {@link Cipher} */
    void init(AESKey key, byte mode, byte[] iv, short offset, short length) {
        aes.init(key, Cipher.MODE_ENCRYPT);
        Util.arrayFillNonAtomic(state, (short) 0, STATE, (byte) 0);
        aes.doFinal(state, Y, BLOCK, state, H);
        Util.arrayCopyNonAtomic(iv, offset, state, COUNTER, length);
        state[(short) (COUNTER + BLOCK - 1)] = 1;
        aes.doFinal(state, COUNTER, BLOCK, state, J);
        counts[FILL] = 0;
        counts[AAD] = 0;
        counts[TEXT] = 0;
        counts[ENCRYPTS] = mode == Cipher.MODE_ENCRYPT ? (short) 1 : (short) 0;
    }

    void updateAAD(byte[] data, short offset, short length) {
        counts[AAD] += length;
        absorb(data, offset, length);
    }

    /** The whole text, in place or elsewhere. */
    void doFinal(byte[] from, short offset, short length, byte[] to, short toOffset) {
        pad();
        counts[TEXT] = length;
        boolean encrypts = counts[ENCRYPTS] != 0;
        if (!encrypts) {
            absorb(from, offset, length);
        }
        transform(from, offset, length, to, toOffset);
        if (encrypts) {
            absorb(to, toOffset, length);
        }
        pad();
        // Lengths in bits; each is 64 bits long, and no message here has as many as 4,096 bytes.
        xorShort((short) (Y + 6), (short) (counts[AAD] << 3));
        xorShort((short) (Y + 14), (short) (counts[TEXT] << 3));
        multiply();
        for (short i = 0; i < BLOCK; i++) {
            state[(short) (Y + i)] ^= state[(short) (J + i)];
        }
        Util.arrayFillNonAtomic(state, H, BLOCK, (byte) 0);
        Util.arrayFillNonAtomic(state, J, (short) (STATE - J), (byte) 0);
    }

    void retrieveTag(byte[] to, short offset, short length) {
        Util.arrayCopyNonAtomic(state, Y, to, offset, length);
    }

    boolean verifyTag(byte[] tag, short offset, short length) {
        byte difference = 0;
        for (short i = 0; i < length; i++) {
            difference |= (byte) (tag[(short) (offset + i)] ^ state[(short) (Y + i)]);
        }
        return difference == 0;
    }

    /** Counter mode, from the counter behind that of the tag. */
    private void transform(byte[] from, short offset, short length, byte[] to, short toOffset) {
        while (length > 0) {
            // The last four bytes count; a message has few enough blocks for two.
            short next = (short) (Util.getShort(state, (short) (COUNTER + 14)) + 1);
            Util.setShort(state, (short) (COUNTER + 14), next);
            aes.doFinal(state, COUNTER, BLOCK, state, STREAM);
            short part = length < BLOCK ? length : BLOCK;
            for (short i = 0; i < part; i++) {
                to[(short) (toOffset + i)] = (byte) (from[(short) (offset + i)] ^ state[(short) (STREAM + i)]);
            }
            offset += part;
            toOffset += part;
            length -= part;
        }
    }

    // ---- GHASH

    private void absorb(byte[] data, short offset, short length) {
        short fill = counts[FILL];
        for (short i = 0; i < length; i++) {
            state[(short) (Y + fill)] ^= data[(short) (offset + i)];
            fill++;
            if (fill == BLOCK) {
                multiply();
                fill = 0;
            }
        }
        counts[FILL] = fill;
    }

    private void pad() {
        if (counts[FILL] != 0) {
            multiply();
            counts[FILL] = 0;
        }
    }

    private void xorShort(short at, short value) {
        Util.setShort(state, at, (short) (Util.getShort(state, at) ^ value));
    }

    /**
     * Y := Y times H in GF(2^128), a bit of Y after the other, with masks and no branch on any of them. In locals: array
     * elements take three times as long.
     *
     * @source SP 800-38D 6.3, algorithm 1
     */
    private void multiply() {
        byte[] s = state;
        short v0 = Util.getShort(s, (short) 0);
        short v1 = Util.getShort(s, (short) 2);
        short v2 = Util.getShort(s, (short) 4);
        short v3 = Util.getShort(s, (short) 6);
        short v4 = Util.getShort(s, (short) 8);
        short v5 = Util.getShort(s, (short) 10);
        short v6 = Util.getShort(s, (short) 12);
        short v7 = Util.getShort(s, (short) 14);
        short z0 = 0;
        short z1 = 0;
        short z2 = 0;
        short z3 = 0;
        short z4 = 0;
        short z5 = 0;
        short z6 = 0;
        short z7 = 0;
        for (short i = Y; i < (short) (Y + BLOCK); i++) {
            short x = (short) (s[i] << 8);
            for (short bit = 0; bit < 8; bit++) {
                short mask = (short) (x >> 15);
                x <<= 1;
                z0 ^= (short) (v0 & mask);
                z1 ^= (short) (v1 & mask);
                z2 ^= (short) (v2 & mask);
                z3 ^= (short) (v3 & mask);
                z4 ^= (short) (v4 & mask);
                z5 ^= (short) (v5 & mask);
                z6 ^= (short) (v6 & mask);
                z7 ^= (short) (v7 & mask);
                short carry = (short) -(v7 & 1);
                v7 = (short) (((v7 >> 1) & 0x7FFF) | (v6 << 15));
                v6 = (short) (((v6 >> 1) & 0x7FFF) | (v5 << 15));
                v5 = (short) (((v5 >> 1) & 0x7FFF) | (v4 << 15));
                v4 = (short) (((v4 >> 1) & 0x7FFF) | (v3 << 15));
                v3 = (short) (((v3 >> 1) & 0x7FFF) | (v2 << 15));
                v2 = (short) (((v2 >> 1) & 0x7FFF) | (v1 << 15));
                v1 = (short) (((v1 >> 1) & 0x7FFF) | (v0 << 15));
                v0 = (short) (((v0 >> 1) & 0x7FFF) ^ (carry & (short) 0xE100));
            }
        }
        Util.setShort(s, Y, z0);
        Util.setShort(s, (short) (Y + 2), z1);
        Util.setShort(s, (short) (Y + 4), z2);
        Util.setShort(s, (short) (Y + 6), z3);
        Util.setShort(s, (short) (Y + 8), z4);
        Util.setShort(s, (short) (Y + 10), z5);
        Util.setShort(s, (short) (Y + 12), z6);
        Util.setShort(s, (short) (Y + 14), z7);
    }
}
