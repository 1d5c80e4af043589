package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/**
 * The global keys shared with one peer: the generation in use, and the next one while keys are being changed.
 *
 * The send counter belongs to the slot, not to a key: it never goes back, whatever keys come and go, so no key and
 * counter ever meet twice. Floors begin at zero with a new key, so a key that was here before is refused.
 */
final class KeySlot {
    private static final byte EMPTY = 0;
    private static final byte SETTLED = 1;
    private static final byte CHANGING = 2;

    /** How many power-ups a new generation waits for its first genuine message before the old one is alone again. */
    private static final byte CHANCES = 3;
    private static final short FINGERPRINT = 4;
    private static final short MOST_KEYS = 32;
    /** Place of the state byte in {@link #state}, of the index of the generation in use, of the chances left. */
    private static final short PHASE = 0;
    private static final short IN_USE = 1;
    private static final short CHANCES_LEFT = 2;

    final byte suite;
    final short keyLength;
    final byte[] peerTitle;
    /** Next counter to send. */
    final byte[] send;
    /** Lowest counter to accept under keys agreed with a static key of ours: those can come again. */
    final byte[] agreedFloor;
    private final KeySet[] generations;
    private final byte[] state;
    /** First bytes of the hash of every key that was ever here. */
    private final byte[] known;
    private short knownCount;

    KeySlot(byte suite) {
        this.suite = suite;
        keyLength = suite == 2 ? (short) 32 : (short) 16;
        peerTitle = new byte[Words.TITLE];
        send = new byte[Words.COUNTER];
        agreedFloor = new byte[Words.COUNTER];
        generations = new KeySet[2];
        generations[0] = new KeySet((short) (keyLength * 8));
        generations[1] = new KeySet((short) (keyLength * 8));
        state = new byte[3];
        known = new byte[(short) (FINGERPRINT * MOST_KEYS)];
    }

    boolean isLoaded() {
        return state[PHASE] != EMPTY;
    }

    /** The title of the peer is settled as long as there is a key of its. */
    boolean hasPeer() {
        return inUse().unicast.isInitialized();
    }

    boolean isChanging() {
        return state[PHASE] == CHANGING;
    }

    KeySet inUse() {
        return generations[state[IN_USE]];
    }

    KeySet next() {
        return generations[(short) (1 - state[IN_USE])];
    }

    /** First keys of the slot, before activation: title, unicast, authentication, and maybe the broadcast key. */
    void load(byte[] buffer, short offset, short length, MessageDigest sha256, byte[] scratch) {
        short at = (short) (offset + Words.TITLE);
        boolean hasBroadcast = length == (short) (Words.TITLE + 3 * keyLength);
        if (!hasBroadcast && length != (short) (Words.TITLE + 2 * keyLength)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        KeySet keys = inUse();
        JCSystem.beginTransaction();
        Util.arrayCopy(buffer, offset, peerTitle, (short) 0, Words.TITLE);
        remember(buffer, at, sha256, scratch);
        keys.put(KeySet.UNICAST, buffer, at);
        at += keyLength;
        keys.put(KeySet.AUTHENTICATION, buffer, at);
        at += keyLength;
        if (hasBroadcast) {
            remember(buffer, at, sha256, scratch);
            keys.put(KeySet.BROADCAST, buffer, at);
        }
        state[PHASE] = SETTLED;
        JCSystem.commitTransaction();
    }

    /** The next generation, equal to the one in use until keys are put into it. In the caller's transaction. */
    void beginChange(byte[] scratch, short offset) {
        if (state[PHASE] == EMPTY) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        next().copyFrom(inUse(), scratch, offset);
        state[PHASE] = CHANGING;
        state[CHANCES_LEFT] = CHANCES;
    }

    /** In the caller's transaction. A key that was here before would bring its floors back to zero: refused. */
    void putNext(byte which, byte[] from, short offset, MessageDigest sha256, byte[] scratch) {
        if (which != KeySet.AUTHENTICATION) {
            remember(from, offset, sha256, scratch);
        }
        next().put(which, from, offset);
    }

    /** The peer has proved that it has the next generation: the old one goes. In the caller's transaction. */
    void confirm() {
        if (state[PHASE] != CHANGING) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        inUse().clear();
        state[IN_USE] = (byte) (1 - state[IN_USE]);
        state[PHASE] = SETTLED;
    }

    /** Back to the generation in use. In the caller's transaction. */
    void abandonChange() {
        if (state[PHASE] == CHANGING) {
            next().clear();
            state[PHASE] = SETTLED;
        }
    }

    /** A power-up without a message under the next generation; after some of them it is given up. */
    void countPowerUp() {
        if (state[PHASE] != CHANGING) {
            return;
        }
        JCSystem.beginTransaction();
        if (state[CHANCES_LEFT] <= 1) {
            abandonChange();
        } else {
            state[CHANCES_LEFT]--;
        }
        JCSystem.commitTransaction();
    }

    /** Nothing of the old owner works any more; counters and fingerprints stay. In the caller's transaction. */
    void clear() {
        generations[0].clear();
        generations[1].clear();
        Numbers.clear(peerTitle, (short) 0, Words.TITLE);
        state[PHASE] = EMPTY;
    }

    /** After {@link #clear}: a wrapped unicast key may come first. In the caller's transaction. */
    void beginEmpty() {
        state[PHASE] = CHANGING;
        state[CHANCES_LEFT] = CHANCES;
    }

    boolean isNextComplete() {
        KeySet keys = next();
        return keys.unicast.isInitialized() && !Numbers.isAll(keys.authentication, (short) 0, keyLength, (byte) 0);
    }

    private void remember(byte[] key, short offset, MessageDigest sha256, byte[] scratch) {
        sha256.doFinal(key, offset, keyLength, scratch, (short) 0);
        for (short i = 0; i < knownCount; i++) {
            if (Util.arrayCompare(scratch, (short) 0, known, (short) (i * FINGERPRINT), FINGERPRINT) == 0) {
                ISOException.throwIt(Words.SW_COUNTER_BELOW_FLOOR);
            }
        }
        if (knownCount == MOST_KEYS) {
            ISOException.throwIt(Words.SW_EXHAUSTED);
        }
        Util.arrayCopy(scratch, (short) 0, known, (short) (knownCount * FINGERPRINT), FINGERPRINT);
        knownCount++;
    }
}
