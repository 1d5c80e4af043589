package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** Protection of messages, authentication of associations, and the keys that live for a session only. */
final class Messages {
    private static final short MESSAGE_MAX = 1184;
    private static final short AAD_MAX = 128;
    private static final short CHALLENGE_MIN = 8;
    private static final short CHALLENGE_MAX = 64;

    private final Device device;
    /** Slot, length and bytes of the challenge given last; length 0 when there is none to answer. */
    private final byte[] challenge;
    private final byte[] agreed;

    Messages(Device device) {
        this.device = device;
        challenge = JCSystem.makeTransientByteArray((short) (2 + CHALLENGE_MAX), JCSystem.CLEAR_ON_DESELECT);
        agreed = JCSystem.makeTransientByteArray((short) 48, JCSystem.CLEAR_ON_DESELECT);
    }

    /** P1 80: the data begins with one byte and as many bytes of additional data, which the message is device.bound to. */
    void protect(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        byte control = buffer[ISO7816.OFFSET_P2];
        boolean hasAad = buffer[ISO7816.OFFSET_P1] < 0;
        device.protection.choose((short) (Exchange.p1(apdu) & 0x7F));
        device.protection.requireControl(control, false);
        // Room for the counter in front; the additional data, if any, stands where it came, behind it.
        short length = device.exchange.receive(apdu, Words.COUNTER, (short) 0, (short) (MESSAGE_MAX + (hasAad ? 1 + AAD_MAX : 0)));
        short aad = 0;
        short aadLength = 0;
        short at = 0;
        if (hasAad) {
            aadLength = aadLength(Words.COUNTER, length);
            aad = (short) (Words.COUNTER + 1);
            at = (short) (1 + aadLength);
            // The counter goes over the last bytes of the additional data: so that is moved out of its way.
            Util.arrayCopyNonAtomic(device.work, aad, device.work, (short) (Exchange.MOST - AAD_MAX), aadLength);
            aad = (short) (Exchange.MOST - AAD_MAX);
            length -= (short) (1 + aadLength);
        }
        device.protection.protect(device.systemTitle, control, device.work, aad, aadLength, at, length, device.scratch);
        device.exchange.send(apdu, at, (short) (Words.COUNTER + length + Words.TAG));
    }

    void unprotect(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        byte control = buffer[ISO7816.OFFSET_P2];
        boolean hasAad = buffer[ISO7816.OFFSET_P1] < 0;
        device.protection.choose((short) (Exchange.p1(apdu) & 0x7F));
        device.protection.requireControl(control, true);
        short overhead = (short) (Words.COUNTER + Words.TAG);
        short received = device.exchange.receive(apdu, (short) 0, overhead,
                (short) (overhead + MESSAGE_MAX + (hasAad ? 1 + AAD_MAX : 0)));
        short aadLength = hasAad ? aadLength((short) 0, received) : 0;
        short at = hasAad ? (short) (1 + aadLength) : 0;
        short length = (short) (received - at - overhead);
        if (length < 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        device.protection.unprotect(control, device.work, (short) 1, aadLength, at, length, device.scratch);
        device.exchange.send(apdu, (short) (at + Words.COUNTER), length);
    }

    private short aadLength(short at, short received) {
        short length = received > 0 ? (short) (device.work[at] & 0xFF) : (short) 0;
        if (received == 0 || length > AAD_MAX || (short) (1 + length) > received) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        return length;
    }

    /** The peer's challenge in; security control byte, invocation counter and GMAC out. */
    void hlsAnswer(APDU apdu) {
        device.protection.choose(Exchange.p1(apdu));
        short length = device.exchange.receive(apdu, (short) 0, CHALLENGE_MIN, CHALLENGE_MAX);
        byte[] buffer = apdu.getBuffer();
        buffer[0] = device.protection.authenticationControl();
        short end = device.protection.makeToken(device.systemTitle, device.work, (short) 0, length, buffer, (short) 1, device.scratch);
        apdu.setOutgoingAndSend((short) 0, end);
    }

    /** The peer's answer to the challenge given last, for the same slot; a challenge is good for one try. */
    void hlsVerify(APDU apdu) {
        device.protection.choose(Exchange.p1(apdu));
        short length = (short) (1 + Words.COUNTER + Words.TAG);
        device.exchange.receive(apdu, (short) 0, length, length);
        short challengeLength = challenge[1];
        challenge[1] = 0;
        if (challengeLength == 0 || challenge[0] != (byte) Exchange.p1(apdu)) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (device.work[0] != device.protection.authenticationControl()) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        device.protection.checkToken(device.work, (short) 1, challenge, (short) 2, challengeLength, device.scratch);
    }

    void getChallenge(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        short slot = Exchange.p1(apdu);
        device.protection.choose(slot);
        short length = (short) (buffer[ISO7816.OFFSET_P2] & 0xFF);
        if (length < CHALLENGE_MIN || length > CHALLENGE_MAX) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        device.random.generateData(challenge, (short) 2, length);
        challenge[0] = (byte) slot;
        challenge[1] = (byte) length;
        Util.arrayCopyNonAtomic(challenge, (short) 2, buffer, (short) 0, length);
        apdu.setOutgoingAndSend((short) 0, length);
    }

    /** A key for one association, as its client sent it in the protected initiate request: P1 session, P2 key slot. */
    void putDedicatedKey(APDU apdu) {
        SessionSlot session = device.protection.requireSession(Exchange.p1(apdu));
        short index = Exchange.p2(apdu);
        KeySlot slot = device.protection.requireLoadedSlot(index);
        device.exchange.receive(apdu, (short) 0, slot.keyLength, slot.keyLength);
        session.load((byte) index, slot.suite, false, device.work, (short) 0);
        device.exchange.wipe();
    }

    /** Our ephemeral point, signed: P1 suite. @source Green Book 9.2.3.4.6.2 */
    void generateEphemeral(APDU apdu) {
        DeviceKeys keys = device.requireKeys(Exchange.p1(apdu));
        short pointLength = keys.generateEphemeral(device.work, (short) 0);
        short length = keys.hasKey(DeviceKeys.SIGN)
                ? keys.sign(null, device.work, (short) 1, (short) (pointLength - 1), device.work, pointLength, device.scratch)
                : 0;
        device.exchange.send(apdu, (short) 0, (short) (pointLength + length));
    }

    /**
     * Agrees a session key. P1 session, P2 key slot whose suite, title and authentication key it takes. Data: kind, party's
     * cell, then kind 0 (both ephemeral) the party's point and its signature over it; kind 1 (their ephemeral, our static) the
     * point; kinds 2 (our ephemeral, their static) and 3 (both static) nothing; then the other info of the KDF.
     *
     * @source Green Book 9.2.3.4.6.3 to 9.2.3.4.6.5
     */
    void agree(APDU apdu) {
        SessionSlot session = device.protection.requireSession(Exchange.p1(apdu));
        short index = Exchange.p2(apdu);
        KeySlot slot = device.protection.requireLoadedSlot(index);
        if (slot.suite == 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        DeviceKeys keys = device.requireKeys(slot.suite);
        short length = device.exchange.receive(apdu, (short) 0, (short) 2, (short) 512);
        byte kind = device.work[0];
        short cell = device.work[1];
        short at = 2;
        byte[] points = device.work;
        short point = at;
        if (kind == 0 || kind == 1) {
            at += keys.pointLength();
        }
        short signature = at;
        if (kind == 0) {
            at += (short) (2 * keys.length);
        }
        if (kind < 0 || kind > 3 || at > length) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        if (kind == 0) {
            device.requireSignature(keys, cell, null, (short) 3, (short) (keys.pointLength() - 1), signature);
        }
        if (kind == 2 || kind == 3) {
            device.requireSameCurve(keys);
            point = device.parties.requirePoint(cell, Parties.HAS_AGREE);
            points = device.parties.points();
        }
        requireOtherInfo(at, (short) (length - at), slot.suite);
        boolean withEphemeral = kind == 0 || kind == 2;
        keys.agree(withEphemeral, points, point, device.work, at, (short) (length - at), agreed, device.scratch);
        session.load((byte) index, slot.suite, !withEphemeral, agreed, (short) 0);
        Util.arrayFillNonAtomic(agreed, (short) 0, (short) agreed.length, (byte) 0);
        device.exchange.wipe();
    }

    /** Algorithm id of AES-GCM of the suite first, and our title somewhere behind it: the key is for us. */
    void requireOtherInfo(short at, short length, byte suite) {
        boolean isOurs = length >= (short) (7 + Words.TITLE) && length <= 128 && device.work[at] == 0x60 && device.work[(short) (at + 1)] == (byte) 0x85
                && device.work[(short) (at + 2)] == 0x74 && device.work[(short) (at + 3)] == 0x05 && device.work[(short) (at + 4)] == 0x08
                && device.work[(short) (at + 5)] == 0x03 && device.work[(short) (at + 6)] == (byte) (suite == 2 ? 1 : 0);
        boolean isNamed = false;
        for (short i = (short) (at + 7); i <= (short) (at + length - Words.TITLE); i++) {
            isNamed |= Util.arrayCompare(device.work, i, device.systemTitle, (short) 0, Words.TITLE) == 0;
        }
        if (!isOurs || !isNamed) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
    }
}
