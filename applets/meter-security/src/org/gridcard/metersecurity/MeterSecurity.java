package org.gridcard.metersecurity;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;
import javacard.security.RandomData;
import javacardx.apdu.ExtendedLength;
import javacardx.crypto.AEADCipher;
import javacardx.crypto.Cipher;

/**
 * The secure element of a DLMS meter, security suite 0. It keeps the keys and the invocation counters, protects and
 * unprotects xDLMS APDUs with AES-128-GCM, and does both sides of HLS authentication with GMAC (mechanism 5). The host
 * hands over plaintext or frames and never sees a key. The APDUs stand in this folder's README.
 *
 * Two rules hold everywhere: a counter is stored before anything made with it leaves the card, and nothing that was
 * received counts, or leaves, before its tag and its counter were checked.
 */
public final class MeterSecurity extends Applet implements ExtendedLength {
    private static final byte VERSION = (byte) 1;

    private static final byte CLA_GRIDCARD = (byte) 0x80;
    private static final byte INS_GET_STATUS = (byte) 0x02;
    private static final byte INS_READ_COUNTERS = (byte) 0x04;
    private static final byte INS_SET_IDENTITY = (byte) 0x10;
    private static final byte INS_PUT_KEY_SLOT = (byte) 0x12;
    private static final byte INS_ACTIVATE = (byte) 0x1E;
    private static final byte INS_BIND_DEVICE = (byte) 0x20;
    private static final byte INS_PROTECT = (byte) 0x30;
    private static final byte INS_UNPROTECT = (byte) 0x32;
    private static final byte INS_HLS_ANSWER = (byte) 0x34;
    private static final byte INS_HLS_VERIFY = (byte) 0x36;
    private static final byte INS_GET_CHALLENGE = (byte) 0x84;

    private static final short SW_AUTHENTICATION_FAILED = (short) 0x6988;
    private static final short SW_COUNTER_NOT_ABOVE_FLOOR = (short) 0x6984;
    private static final short SW_COUNTER_EXHAUSTED = (short) 0x6A84;
    private static final short SW_SLOT_EMPTY = (short) 0x6A88;

    private static final byte PERSONALISING = (byte) 1;
    private static final byte OPERATIONAL = (byte) 2;

    /** Security control byte: authenticated only, and authenticated and encrypted; suite 0 in the low nibble. */
    private static final byte SC_AUTHENTICATED = (byte) 0x10;
    private static final byte SC_AUTHENTICATED_ENCRYPTED = (byte) 0x30;

    private static final short SLOT_COUNT = 4;
    private static final short DEVICE_ID_LENGTH = 16;
    private static final short TAG_LENGTH = 12;
    private static final short TOKEN_LENGTH = 17;
    private static final short KEY_CHECK_LENGTH = 3;
    private static final short MESSAGE_MAX = 1184;

    private final byte[] systemTitle;
    private final byte[] deviceId;
    private final KeySlot[] slots;
    private byte lifeCycle;
    private boolean identified;
    /** Persistent bytes that installation took, high word first. */
    private final short[] appletBytes;

    /** One byte, not zero once the host has named its device since power-up. */
    private final byte[] bound;
    /** One message with its counter and tag. */
    private final byte[] work;
    /** Initialisation vector: system title and invocation counter. */
    private final byte[] iv;
    /** Security control byte and authentication key: the first part of all additional authenticated data. */
    private final byte[] aadHead;
    private final byte[] scratch;
    private final short[] memory;

    private final AEADCipher gcm;
    private final Cipher ecb;
    private final AESKey checkedKey;
    private final RandomData random;

    /** Called by the runtime environment. */
    public static void install(byte[] parameters, short offset, byte length) {
        short[] before = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_DESELECT);
        JCSystem.getAvailableMemory(before, (short) 0, JCSystem.MEMORY_TYPE_PERSISTENT);
        byte aidLength = parameters[offset];
        MeterSecurity applet = new MeterSecurity(before);
        if (aidLength == 0) {
            applet.register();
        } else {
            applet.register(parameters, (short) (offset + 1), aidLength);
        }
    }

    private MeterSecurity(short[] memoryBefore) {
        systemTitle = new byte[KeySlot.TITLE_LENGTH];
        deviceId = new byte[DEVICE_ID_LENGTH];
        slots = new KeySlot[SLOT_COUNT];
        for (short i = 0; i < SLOT_COUNT; i++) {
            slots[i] = new KeySlot();
        }
        lifeCycle = PERSONALISING;
        appletBytes = new short[2];
        bound = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
        work = JCSystem.makeTransientByteArray((short) (Counter.LENGTH + MESSAGE_MAX + TAG_LENGTH),
                JCSystem.CLEAR_ON_DESELECT);
        iv = JCSystem.makeTransientByteArray((short) (KeySlot.TITLE_LENGTH + Counter.LENGTH), JCSystem.CLEAR_ON_DESELECT);
        aadHead = JCSystem.makeTransientByteArray((short) (1 + KeySlot.KEY_LENGTH), JCSystem.CLEAR_ON_DESELECT);
        scratch = JCSystem.makeTransientByteArray(Counter.LENGTH, JCSystem.CLEAR_ON_DESELECT);
        memory = JCSystem.makeTransientShortArray((short) 2, JCSystem.CLEAR_ON_DESELECT);
        gcm = (AEADCipher) Cipher.getInstance(AEADCipher.ALG_AES_GCM, false);
        ecb = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false);
        checkedKey = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES_TRANSIENT_DESELECT, KeyBuilder.LENGTH_AES_128, false);
        random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        measure(memoryBefore);
    }

    /** appletBytes := before - now, in two words. */
    private void measure(short[] before) {
        JCSystem.getAvailableMemory(memory, (short) 0, JCSystem.MEMORY_TYPE_PERSISTENT);
        short low = (short) (before[1] - memory[1]);
        // unsigned comparison of the low words: both shifted by 8000
        boolean borrow = (short) (before[1] + (short) 0x8000) < (short) (memory[1] + (short) 0x8000);
        short high = (short) (before[0] - memory[0]);
        appletBytes[0] = borrow ? (short) (high - 1) : high;
        appletBytes[1] = low;
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        if (buffer[ISO7816.OFFSET_CLA] != CLA_GRIDCARD) {
            ISOException.throwIt(ISO7816.SW_CLA_NOT_SUPPORTED);
        }
        switch (buffer[ISO7816.OFFSET_INS]) {
            case INS_GET_STATUS:
                getStatus(apdu);
                break;
            case INS_READ_COUNTERS:
                readCounters(apdu);
                break;
            case INS_SET_IDENTITY:
                setIdentity(apdu);
                break;
            case INS_PUT_KEY_SLOT:
                putKeySlot(apdu);
                break;
            case INS_ACTIVATE:
                activate(apdu);
                break;
            case INS_BIND_DEVICE:
                bindDevice(apdu);
                break;
            case INS_PROTECT:
                protect(apdu);
                break;
            case INS_UNPROTECT:
                unprotect(apdu);
                break;
            case INS_HLS_ANSWER:
                hlsAnswer(apdu);
                break;
            case INS_HLS_VERIFY:
                hlsVerify(apdu);
                break;
            case INS_GET_CHALLENGE:
                getChallenge(apdu);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    // ---- status

    private void getStatus(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        requireP1P2(buffer, (byte) 0, (byte) 0);
        byte loadedSlots = 0;
        for (short i = 0; i < SLOT_COUNT; i++) {
            if (slots[i].isLoaded()) {
                loadedSlots |= (byte) (1 << i);
            }
        }
        short at = 0;
        buffer[at++] = VERSION;
        buffer[at++] = lifeCycle;
        buffer[at++] = bound[0];
        buffer[at++] = (byte) SLOT_COUNT;
        buffer[at++] = loadedSlots;
        at = Util.arrayCopyNonAtomic(systemTitle, (short) 0, buffer, at, KeySlot.TITLE_LENGTH);
        at = Util.setShort(buffer, at, appletBytes[0]);
        at = Util.setShort(buffer, at, appletBytes[1]);
        at = putAvailableMemory(buffer, at, JCSystem.MEMORY_TYPE_PERSISTENT);
        at = putAvailableMemory(buffer, at, JCSystem.MEMORY_TYPE_TRANSIENT_RESET);
        apdu.setOutgoingAndSend((short) 0, at);
    }

    private short putAvailableMemory(byte[] buffer, short at, byte memoryType) {
        JCSystem.getAvailableMemory(memory, (short) 0, memoryType);
        return Util.setShort(buffer, Util.setShort(buffer, at, memory[0]), memory[1]);
    }

    private void readCounters(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireSlot(buffer);
        Util.arrayCopyNonAtomic(slot.counters, (short) 0, buffer, (short) 0, KeySlot.COUNTERS_LENGTH);
        apdu.setOutgoingAndSend((short) 0, KeySlot.COUNTERS_LENGTH);
    }

    // ---- personalisation

    private void setIdentity(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        requireLifeCycle(PERSONALISING);
        requireP1P2(buffer, (byte) 0, (byte) 0);
        receive(apdu, (short) (KeySlot.TITLE_LENGTH + DEVICE_ID_LENGTH), (short) (KeySlot.TITLE_LENGTH + DEVICE_ID_LENGTH));
        JCSystem.beginTransaction();
        Util.arrayCopy(work, (short) 0, systemTitle, (short) 0, KeySlot.TITLE_LENGTH);
        Util.arrayCopy(work, KeySlot.TITLE_LENGTH, deviceId, (short) 0, DEVICE_ID_LENGTH);
        identified = true;
        JCSystem.commitTransaction();
    }

    private void putKeySlot(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        requireLifeCycle(PERSONALISING);
        short index = slotIndex(buffer);
        if (buffer[ISO7816.OFFSET_P2] != 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short length = (short) (KeySlot.TITLE_LENGTH + 2 * KeySlot.KEY_LENGTH);
        receive(apdu, length, length);
        slots[index].load(work, (short) 0);
        short at = putKeyCheck(buffer, (short) 0, KeySlot.TITLE_LENGTH);
        at = putKeyCheck(buffer, at, (short) (KeySlot.TITLE_LENGTH + KeySlot.KEY_LENGTH));
        Util.arrayFillNonAtomic(work, (short) 0, (short) work.length, (byte) 0);
        apdu.setOutgoingAndSend((short) 0, at);
    }

    /** Key check value: the first bytes of a block of zeros under the key that stands at that place of the work buffer. */
    private short putKeyCheck(byte[] buffer, short at, short keyOffset) {
        checkedKey.setKey(work, keyOffset);
        ecb.init(checkedKey, Cipher.MODE_ENCRYPT);
        short block = (short) (work.length - KeySlot.KEY_LENGTH);
        Util.arrayFillNonAtomic(work, block, KeySlot.KEY_LENGTH, (byte) 0);
        ecb.doFinal(work, block, KeySlot.KEY_LENGTH, work, block);
        checkedKey.clearKey();
        return Util.arrayCopyNonAtomic(work, block, buffer, at, KEY_CHECK_LENGTH);
    }

    private void activate(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        requireLifeCycle(PERSONALISING);
        requireP1P2(buffer, (byte) 0, (byte) 0);
        boolean anyLoaded = false;
        for (short i = 0; i < SLOT_COUNT; i++) {
            anyLoaded |= slots[i].isLoaded();
        }
        if (!identified || !anyLoaded) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        lifeCycle = OPERATIONAL;
    }

    // ---- operation

    private void bindDevice(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        requireLifeCycle(OPERATIONAL);
        requireP1P2(buffer, (byte) 0, (byte) 0);
        receive(apdu, DEVICE_ID_LENGTH, DEVICE_ID_LENGTH);
        bound[0] = 0;
        if (Util.arrayCompare(work, (short) 0, deviceId, (short) 0, DEVICE_ID_LENGTH) != 0) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        bound[0] = 1;
    }

    /** Plaintext in; invocation counter, then ciphertext (or the plaintext, if only authenticated) and tag out. */
    private void protect(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireOperation(buffer);
        byte securityControl = requireSecurityControl(buffer);
        short length = receiveAt(apdu, Counter.LENGTH, (short) 0, MESSAGE_MAX);
        takeSendCounter(slot);
        begin(slot, Cipher.MODE_ENCRYPT, systemTitle, iv, KeySlot.TITLE_LENGTH, securityControl);
        Util.arrayCopyNonAtomic(iv, KeySlot.TITLE_LENGTH, work, (short) 0, Counter.LENGTH);
        transform(securityControl, length);
        short end = (short) (Counter.LENGTH + length);
        gcm.retrieveTag(work, end, TAG_LENGTH);
        sendWork(apdu, (short) 0, (short) (end + TAG_LENGTH));
    }

    /** Invocation counter, body and tag in; plaintext out, once it has proved genuine and new. */
    private void unprotect(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireOperation(buffer);
        byte securityControl = requireSecurityControl(buffer);
        short overhead = (short) (Counter.LENGTH + TAG_LENGTH);
        short received = receiveAt(apdu, (short) 0, overhead, (short) (overhead + MESSAGE_MAX));
        short length = (short) (received - overhead);
        requireNotBelow(work, (short) 0, slot.counters, KeySlot.MESSAGE_FLOOR);
        begin(slot, Cipher.MODE_DECRYPT, slot.peerSystemTitle, work, (short) 0, securityControl);
        transform(securityControl, length);
        requireTag(work, (short) (Counter.LENGTH + length));
        Counter.storeSuccessor(work, (short) 0, slot.counters, KeySlot.MESSAGE_FLOOR, scratch);
        sendWork(apdu, Counter.LENGTH, length);
    }

    /** The peer's challenge in; security control byte, invocation counter and GMAC out. */
    private void hlsAnswer(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireOperation(buffer);
        requireP2(buffer, (byte) 0);
        short length = receiveAt(apdu, (short) 0, KeySlot.CHALLENGE_MIN, KeySlot.CHALLENGE_MAX);
        takeSendCounter(slot);
        begin(slot, Cipher.MODE_ENCRYPT, systemTitle, iv, KeySlot.TITLE_LENGTH, SC_AUTHENTICATED);
        gcm.updateAAD(work, (short) 0, length);
        gcm.doFinal(work, (short) 0, (short) 0, work, (short) 0);
        buffer[0] = SC_AUTHENTICATED;
        short at = Util.arrayCopyNonAtomic(iv, KeySlot.TITLE_LENGTH, buffer, (short) 1, Counter.LENGTH);
        gcm.retrieveTag(buffer, at, TAG_LENGTH);
        apdu.setOutgoingAndSend((short) 0, TOKEN_LENGTH);
    }

    /** The peer's answer to the challenge given last for this slot; a challenge is good for one try. */
    private void hlsVerify(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireOperation(buffer);
        requireP2(buffer, (byte) 0);
        receive(apdu, TOKEN_LENGTH, TOKEN_LENGTH);
        short challengeLength = slot.challenge[0];
        slot.challenge[0] = 0;
        if (challengeLength == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (work[0] != SC_AUTHENTICATED) {
            ISOException.throwIt(SW_AUTHENTICATION_FAILED);
        }
        requireNotBelow(work, (short) 1, slot.counters, KeySlot.TOKEN_FLOOR);
        begin(slot, Cipher.MODE_DECRYPT, slot.peerSystemTitle, work, (short) 1, SC_AUTHENTICATED);
        gcm.updateAAD(slot.challenge, (short) 1, challengeLength);
        gcm.doFinal(work, TOKEN_LENGTH, (short) 0, work, TOKEN_LENGTH);
        requireTag(work, (short) (1 + Counter.LENGTH));
        Counter.storeSuccessor(work, (short) 1, slot.counters, KeySlot.TOKEN_FLOOR, scratch);
    }

    private void getChallenge(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = requireOperation(buffer);
        short length = (short) (buffer[ISO7816.OFFSET_P2] & 0xFF);
        if (length < KeySlot.CHALLENGE_MIN || length > KeySlot.CHALLENGE_MAX) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        random.generateData(slot.challenge, (short) 1, length);
        slot.challenge[0] = (byte) length;
        Util.arrayCopyNonAtomic(slot.challenge, (short) 1, buffer, (short) 0, length);
        apdu.setOutgoingAndSend((short) 0, length);
    }

    // ---- cryptography

    /** Stores the successor of the send counter, then leaves the taken value in the IV: from here on it is spent. */
    private void takeSendCounter(KeySlot slot) {
        if (Counter.isLast(slot.counters, KeySlot.SEND)) {
            ISOException.throwIt(SW_COUNTER_EXHAUSTED);
        }
        Util.arrayCopyNonAtomic(slot.counters, KeySlot.SEND, iv, KeySlot.TITLE_LENGTH, Counter.LENGTH);
        Counter.storeSuccessor(iv, KeySlot.TITLE_LENGTH, slot.counters, KeySlot.SEND, scratch);
    }

    /** Starts GCM with IV = title || counter and the head of the additional data, SC || AK. */
    private void begin(KeySlot slot, byte mode, byte[] title, byte[] counter, short counterOffset, byte securityControl) {
        Util.arrayCopyNonAtomic(title, (short) 0, iv, (short) 0, KeySlot.TITLE_LENGTH);
        Util.arrayCopyNonAtomic(counter, counterOffset, iv, KeySlot.TITLE_LENGTH, Counter.LENGTH);
        aadHead[0] = securityControl;
        Util.arrayCopyNonAtomic(slot.authenticationKey, (short) 0, aadHead, (short) 1, KeySlot.KEY_LENGTH);
        gcm.init(slot.encryptionKey, mode, iv, (short) 0, (short) iv.length);
        gcm.updateAAD(aadHead, (short) 0, (short) aadHead.length);
        Util.arrayFillNonAtomic(aadHead, (short) 0, (short) aadHead.length, (byte) 0);
    }

    /** Runs the message in the work buffer through GCM: as text when encrypted, as additional data when not. */
    private void transform(byte securityControl, short length) {
        short textLength = length;
        if (securityControl == SC_AUTHENTICATED) {
            gcm.updateAAD(work, Counter.LENGTH, length);
            textLength = 0;
        }
        gcm.doFinal(work, Counter.LENGTH, textLength, work, Counter.LENGTH);
    }

    private void requireTag(byte[] buffer, short offset) {
        if (!gcm.verifyTag(buffer, offset, TAG_LENGTH, TAG_LENGTH)) {
            Util.arrayFillNonAtomic(work, (short) 0, (short) work.length, (byte) 0);
            ISOException.throwIt(SW_AUTHENTICATION_FAILED);
        }
    }

    /** A received counter must not be below the floor, nor the last one, whose successor could not be stored. */
    private static void requireNotBelow(byte[] counter, short offset, byte[] floors, short floorOffset) {
        if (Counter.isBelow(counter, offset, floors, floorOffset) || Counter.isLast(counter, offset)) {
            ISOException.throwIt(SW_COUNTER_NOT_ABOVE_FLOOR);
        }
    }

    // ---- checks and transfer

    private void requireLifeCycle(byte wanted) {
        if (lifeCycle != wanted) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    private static void requireP1P2(byte[] buffer, byte p1, byte p2) {
        if (buffer[ISO7816.OFFSET_P1] != p1 || buffer[ISO7816.OFFSET_P2] != p2) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    private static void requireP2(byte[] buffer, byte p2) {
        if (buffer[ISO7816.OFFSET_P2] != p2) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    private static short slotIndex(byte[] buffer) {
        short index = (short) (buffer[ISO7816.OFFSET_P1] & 0xFF);
        if (index >= SLOT_COUNT) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return index;
    }

    private KeySlot requireSlot(byte[] buffer) {
        KeySlot slot = slots[slotIndex(buffer)];
        if (!slot.isLoaded()) {
            ISOException.throwIt(SW_SLOT_EMPTY);
        }
        return slot;
    }

    /** The slot that P1 names, on a card that is operational and knows its device. */
    private KeySlot requireOperation(byte[] buffer) {
        requireLifeCycle(OPERATIONAL);
        if (bound[0] == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        return requireSlot(buffer);
    }

    /** Only controls that authenticate are taken. */
    private static byte requireSecurityControl(byte[] buffer) {
        byte securityControl = buffer[ISO7816.OFFSET_P2];
        if (securityControl != SC_AUTHENTICATED && securityControl != SC_AUTHENTICATED_ENCRYPTED) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return securityControl;
    }

    private short receive(APDU apdu, short least, short most) {
        return receiveAt(apdu, (short) 0, least, most);
    }

    /** Brings the whole command data into the work buffer; its length must be in the range. */
    private short receiveAt(APDU apdu, short workOffset, short least, short most) {
        byte[] buffer = apdu.getBuffer();
        short count = apdu.setIncomingAndReceive();
        short length = apdu.getIncomingLength();
        if (length < least || length > most) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        short dataOffset = apdu.getOffsetCdata();
        short at = workOffset;
        while (count > 0) {
            at = Util.arrayCopyNonAtomic(buffer, dataOffset, work, at, count);
            count = apdu.receiveBytes(dataOffset);
        }
        return length;
    }

    private void sendWork(APDU apdu, short offset, short length) {
        apdu.setOutgoing();
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(work, offset, length);
    }
}
