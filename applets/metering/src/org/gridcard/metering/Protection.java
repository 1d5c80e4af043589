package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacardx.crypto.Cipher;

/**
 * AES-GCM as DLMS uses it: IV = system title || invocation counter, additional data = SC || authentication key || what the
 * caller adds, tag of 12 bytes. It knows which key a command means, takes counters and raises floors.
 *
 * @source Green Book 9.2.7.2
 */
final class Protection {
    /** P1 of a command: a key slot; its next generation; a session slot. */
    private static final short NEXT_GENERATION = 0x40;
    private static final short SESSION = 0x10;
    static final short SESSIONS = 4;

    private final KeySlot[] slots;
    private final SessionSlot[] sessions;
    private final Gcm gcm;
    private final byte[] iv;
    private final byte[] aadHead;

    /** What {@link #choose} found: key slot, generation, session slot or null. Transient, so that no command wears a field. */
    private final Object[] chosen;
    private static final short SLOT = 0;
    private static final short KEYS = 1;
    private static final short IN_SESSION = 2;

    Protection(byte[] suites, short offset, short count) {
        slots = new KeySlot[count];
        for (short i = 0; i < count; i++) {
            slots[i] = new KeySlot(suites[(short) (offset + i)]);
        }
        sessions = new SessionSlot[SESSIONS];
        for (short i = 0; i < SESSIONS; i++) {
            sessions[i] = new SessionSlot();
        }
        gcm = new Gcm();
        iv = JCSystem.makeTransientByteArray((short) (Words.TITLE + Words.COUNTER), JCSystem.CLEAR_ON_DESELECT);
        chosen = JCSystem.makeTransientObjectArray((short) 3, JCSystem.CLEAR_ON_DESELECT);
        aadHead = JCSystem.makeTransientByteArray((short) 33, JCSystem.CLEAR_ON_DESELECT);
    }

    short slotCount() {
        return (short) slots.length;
    }

    KeySlot requireSlot(short index) {
        if (index < 0 || index >= (short) slots.length) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return slots[index];
    }

    KeySlot requireLoadedSlot(short index) {
        KeySlot found = requireSlot(index);
        if (!found.isLoaded()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return found;
    }

    SessionSlot requireSession(short p1) {
        short index = (short) (p1 - SESSION);
        if (index < 0 || index >= SESSIONS) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return sessions[index];
    }

    /** The key that P1 names, from here on the one in use. */
    void choose(short p1) {
        if (p1 >= SESSION && p1 < (short) (SESSION + SESSIONS)) {
            SessionSlot session = requireSession(p1);
            session.requireLoaded();
            KeySlot slot = requireLoadedSlot(session.slot());
            take(slot, slot.inUse(), session);
            return;
        }
        KeySlot slot = requireLoadedSlot((short) (p1 & ~NEXT_GENERATION));
        if ((p1 & NEXT_GENERATION) == 0) {
            take(slot, slot.inUse(), null);
            return;
        }
        if (!slot.isChanging()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        take(slot, slot.next(), null);
    }

    private void take(KeySlot slot, KeySet keys, SessionSlot session) {
        chosen[SLOT] = slot;
        chosen[KEYS] = keys;
        chosen[IN_SESSION] = session;
    }

    private KeySlot slot() {
        return (KeySlot) chosen[SLOT];
    }

    private KeySet keys() {
        return (KeySet) chosen[KEYS];
    }

    /** Null for a global key. */
    private SessionSlot session() {
        return (SessionSlot) chosen[IN_SESSION];
    }

    private byte suite() {
        SessionSlot session = session();
        return session == null ? slot().suite : session.suite();
    }

    private AESKey key(boolean isBroadcast) {
        SessionSlot session = session();
        AESKey key = session != null ? session.key() : isBroadcast ? keys().broadcast : keys().unicast;
        if (!key.isInitialized()) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        return key;
    }

    /** Only controls that authenticate are taken, of the suite of the key; a broadcast is received, never sent. */
    void requireControl(byte control, boolean isReceiving) {
        byte kind = (byte) (control & (byte) 0xF0);
        if (isReceiving && session() == null) {
            kind &= (byte) ~Words.SC_BROADCAST;
        }
        boolean isTaken = kind == Words.SC_AUTHENTICATED || kind == Words.SC_AUTHENTICATED_ENCRYPTED;
        if (!isTaken || (byte) (control & 0x0F) != suite()) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    byte authenticationControl() {
        return (byte) (Words.SC_AUTHENTICATED | suite());
    }

    // ---- counters

    /** Stores the successor of the send counter, then leaves the taken value in the IV: from here on it is spent. */
    private void takeSendCounter(byte[] scratch) {
        byte[] send = slot().send;
        if (Numbers.isAll(send, (short) 0, Words.COUNTER, (byte) 0xFF)) {
            ISOException.throwIt(Words.SW_EXHAUSTED);
        }
        Util.arrayCopyNonAtomic(send, (short) 0, iv, Words.TITLE, Words.COUNTER);
        Util.arrayCopyNonAtomic(send, (short) 0, scratch, (short) 0, Words.COUNTER);
        Numbers.increment(scratch, (short) 0, Words.COUNTER);
        Util.arrayCopy(scratch, (short) 0, send, (short) 0, Words.COUNTER);
    }

    private byte[] floors() {
        SessionSlot session = session();
        return session != null ? session.floors(slot()) : keys().floors;
    }

    private short floorAt(short kind) {
        SessionSlot session = session();
        return session != null ? session.floorOffset() : kind;
    }

    /** Not below the floor, nor the last one, whose successor could not be stored. */
    private void requireNotBelowFloor(short kind, byte[] counter, short offset) {
        if (Numbers.compare(counter, offset, floors(), floorAt(kind), Words.COUNTER) < 0
                || Numbers.isAll(counter, offset, Words.COUNTER, (byte) 0xFF)) {
            ISOException.throwIt(Words.SW_COUNTER_BELOW_FLOOR);
        }
    }

    /** The floor rises; and whoever proves to have the next generation of keys confirms it: both or neither. */
    private void accept(short kind, byte[] counter, short offset, byte[] scratch) {
        Util.arrayCopyNonAtomic(counter, offset, scratch, (short) 0, Words.COUNTER);
        Numbers.increment(scratch, (short) 0, Words.COUNTER);
        KeySlot slot = slot();
        KeySet keys = keys();
        boolean confirms = session() == null && slot.isChanging() && keys == slot.next() && kind == KeySet.MESSAGE_FLOOR;
        if (!confirms) {
            Util.arrayCopy(scratch, (short) 0, floors(), floorAt(kind), Words.COUNTER);
            return;
        }
        JCSystem.beginTransaction();
        Util.arrayCopy(scratch, (short) 0, keys.floors, kind, Words.COUNTER);
        slot.confirm();
        JCSystem.commitTransaction();
    }

    // ---- messages

    private void begin(byte mode, byte[] title, byte[] counter, short counterOffset, byte control) {
        AESKey key = key((control & Words.SC_BROADCAST) != 0);
        Util.arrayCopyNonAtomic(title, (short) 0, iv, (short) 0, Words.TITLE);
        Util.arrayCopyNonAtomic(counter, counterOffset, iv, Words.TITLE, Words.COUNTER);
        short length = slot().keyLength;
        aadHead[0] = control;
        Util.arrayCopyNonAtomic(keys().authentication, (short) 0, aadHead, (short) 1, length);
        gcm.init(key, mode, iv, (short) 0, (short) iv.length);
        gcm.updateAAD(aadHead, (short) 0, (short) (1 + length));
        Util.arrayFillNonAtomic(aadHead, (short) 0, (short) aadHead.length, (byte) 0);
    }

    /** Additional data of the caller, then the message: as text when encrypted, as more additional data when not. */
    private void transform(byte control, byte[] work, short aad, short aadLength, short text, short length) {
        if (aadLength > 0) {
            gcm.updateAAD(work, aad, aadLength);
        }
        short textLength = length;
        if ((byte) (control & 0x20) == 0) {
            if (length > 0) {
                gcm.updateAAD(work, text, length);
            }
            textLength = 0;
        }
        gcm.doFinal(work, text, textLength, work, text);
    }

    /**
     * In the work buffer: 4 bytes for the counter, the text, 12 bytes for the tag. Afterwards all three are there.
     *
     * @param at where the counter goes
     */
    void protect(byte[] title, byte control, byte[] work, short aad, short aadLength, short at, short length, byte[] scratch) {
        key(false);
        takeSendCounter(scratch);
        begin(Cipher.MODE_ENCRYPT, title, iv, Words.TITLE, control);
        Util.arrayCopyNonAtomic(iv, Words.TITLE, work, at, Words.COUNTER);
        short text = (short) (at + Words.COUNTER);
        transform(control, work, aad, aadLength, text, length);
        gcm.retrieveTag(work, (short) (text + length), Words.TAG);
    }

    /** In the work buffer: counter, text, tag. Afterwards the text is plain and was genuine and new; or nothing is there. */
    void unprotect(byte control, byte[] work, short aad, short aadLength, short at, short length, byte[] scratch) {
        short kind = (control & Words.SC_BROADCAST) != 0 ? KeySet.BROADCAST_FLOOR : KeySet.MESSAGE_FLOOR;
        requireNotBelowFloor(kind, work, at);
        begin(Cipher.MODE_DECRYPT, slot().peerTitle, work, at, control);
        short text = (short) (at + Words.COUNTER);
        transform(control, work, aad, aadLength, text, length);
        requireTag(work, (short) (text + length));
        accept(kind, work, at, scratch);
    }

    /** GMAC of an HLS token over a challenge. In the buffer: counter and tag. @return the end */
    short makeToken(byte[] title, byte[] challenge, short offset, short length, byte[] to, short at, byte[] scratch) {
        key(false);
        takeSendCounter(scratch);
        begin(Cipher.MODE_ENCRYPT, title, iv, Words.TITLE, authenticationControl());
        gcm.updateAAD(challenge, offset, length);
        gcm.doFinal(challenge, offset, (short) 0, scratch, (short) 0);
        at = Util.arrayCopyNonAtomic(iv, Words.TITLE, to, at, Words.COUNTER);
        gcm.retrieveTag(to, at, Words.TAG);
        return (short) (at + Words.TAG);
    }

    /** Counter and tag of an HLS token over a challenge of ours. */
    void checkToken(byte[] token, short at, byte[] challenge, short offset, short length, byte[] scratch) {
        requireNotBelowFloor(KeySet.TOKEN_FLOOR, token, at);
        begin(Cipher.MODE_DECRYPT, slot().peerTitle, token, at, authenticationControl());
        gcm.updateAAD(challenge, offset, length);
        gcm.doFinal(challenge, offset, (short) 0, scratch, (short) 0);
        requireTag(token, (short) (at + Words.COUNTER));
        accept(KeySet.TOKEN_FLOOR, token, at, scratch);
    }

    /** The access controller's MAC: counter and tag behind what it covers. Its floor is raised by {@link #acceptMac}. */
    void checkMac(byte[] message, short offset, short length, short at, byte[] scratch) {
        requireNotBelowFloor(KeySet.MESSAGE_FLOOR, message, at);
        begin(Cipher.MODE_DECRYPT, slot().peerTitle, message, at, authenticationControl());
        gcm.updateAAD(message, offset, length);
        gcm.doFinal(message, offset, (short) 0, scratch, (short) 0);
        requireTag(message, (short) (at + Words.COUNTER));
    }

    /** In the caller's transaction. */
    void acceptMac(byte[] message, short at, byte[] scratch) {
        Util.arrayCopyNonAtomic(message, at, scratch, (short) 0, Words.COUNTER);
        Numbers.increment(scratch, (short) 0, Words.COUNTER);
        Util.arrayCopy(scratch, (short) 0, floors(), floorAt(KeySet.MESSAGE_FLOOR), Words.COUNTER);
    }

    /** All 16 bytes of a GMAC with an IV of the caller's; nothing but a prepay token is checked with it. */
    void fullTag(AESKey key, byte[] ivAndAad, short ivOffset, short aad, short aadLength, byte[] to, short at) {
        gcm.init(key, Cipher.MODE_ENCRYPT, ivAndAad, ivOffset, (short) iv.length);
        gcm.updateAAD(ivAndAad, aad, aadLength);
        gcm.doFinal(ivAndAad, aad, (short) 0, to, at);
        gcm.retrieveTag(to, at, (short) 16);
    }

    private void requireTag(byte[] buffer, short offset) {
        if (!gcm.verifyTag(buffer, offset, Words.TAG)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
    }

    void countPowerUp() {
        for (short i = 0; i < (short) slots.length; i++) {
            slots[i].countPowerUp();
        }
    }

    void clearSessions() {
        for (short i = 0; i < SESSIONS; i++) {
            sessions[i].clear();
        }
    }

    /** In the caller's transaction. */
    void clearSlot(short index) {
        slots[index].clear();
    }
}
