package org.gridcard.metering;

import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;

/**
 * Prepayment tokens of 64 bits: 7 bits zero, 10 bits of a counter, 2 bits of a class, 13 bits of an amount, and the last 32
 * bits of a 128-bit GMAC. A short MAC invites guessing, so wrong tokens are counted.
 */
final class PrepayTokens {
    static final short TOKEN = 8;
    private static final byte TRIES = 16;

    final AESKey key;
    /** Who makes tokens: first part of their IV. */
    final byte[] issuer;
    /** Highest counter that was accepted, and the tries that are left. */
    private final byte[] counter;
    private final byte[] tries;
    final byte[] candidate;

    PrepayTokens() {
        key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        issuer = new byte[Words.TITLE];
        counter = new byte[Words.LONG_COUNTER];
        tries = new byte[1];
        candidate = JCSystem.makeTransientByteArray(Words.LONG_COUNTER, JCSystem.CLEAR_ON_DESELECT);
    }

    /** Issuer, key. In the caller's transaction. */
    void load(byte[] from, short offset) {
        Util.arrayCopy(from, offset, issuer, (short) 0, Words.TITLE);
        key.setKey(from, (short) (offset + Words.TITLE));
        tries[0] = TRIES;
    }

    void requireReady() {
        if (!key.isInitialized()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        if (tries[0] == 0) {
            ISOException.throwIt(Words.SW_LOCKED);
        }
    }

    /**
     * candidate := the counter that ends in the token's 10 bits, at or below the last accepted one within its thousand, or
     * the first one above.
     */
    void reconstruct(byte[] token, short offset, boolean above) {
        Util.arrayCopyNonAtomic(counter, (short) 0, candidate, (short) 0, Words.LONG_COUNTER);
        short low = (short) ((Util.getShort(token, offset) << 1) | ((token[(short) (offset + 2)] >> 7) & 1));
        low &= 0x03FF;
        short last = Util.getShort(counter, (short) 6);
        Util.setShort(candidate, (short) 6, (short) ((last & (short) 0xFC00) | low));
        boolean isAbove = low > (short) (last & 0x03FF);
        if (above == isAbove) {
            return;
        }
        short high = Util.getShort(candidate, (short) 6);
        if (above) {
            Util.setShort(candidate, (short) 6, (short) (high + 0x0400));
            if ((high & (short) 0xFC00) == (short) 0xFC00) {
                Numbers.increment(candidate, (short) 0, (short) 6);
            }
        } else {
            Util.setShort(candidate, (short) 6, (short) (high - 0x0400));
            if ((high & (short) 0xFC00) == 0) {
                decrement();
            }
        }
    }

    private void decrement() {
        for (short i = 5; i >= 0; i--) {
            candidate[i]--;
            if (candidate[i] != (byte) 0xFF) {
                return;
            }
        }
    }

    /** A try is spent before the MAC is looked at, durably, and given back by a genuine token. */
    void spendTry() {
        tries[0]--;
    }

    /** In the caller's transaction. */
    void accept() {
        Util.arrayCopy(candidate, (short) 0, counter, (short) 0, Words.LONG_COUNTER);
        tries[0] = TRIES;
    }

    void restoreTries() {
        tries[0] = TRIES;
    }

    /** In the caller's transaction. The counter stays. */
    void clear() {
        if (key.isInitialized()) {
            key.clearKey();
        }
    }
}
