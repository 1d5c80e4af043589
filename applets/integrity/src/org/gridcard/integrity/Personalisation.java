package org.gridcard.integrity;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * What is put into a card once, before ACTIVATE: data groups, each whole in one command, from STORE DATA through the security
 * domain, by PUT DATA in a secure channel of that domain or, if the card was installed so, in clear. Nothing of it is
 * secret: secret keys are made here.
 */
final class Personalisation {
    private static final short IDENTITY = (short) 0x0101;
    private static final short MANUFACTURER_KEY = (short) 0x0102;
    private static final short RESPONSIBLE_KEY = (short) 0x0103;
    private static final short FIRST_RELEASE = (short) 0x0104;
    private static final short SHARERS = (short) 0x0105;
    private static final short MAKE_KEYS = (short) 0x0106;
    private static final short ACTIVATE = (short) 0x01FF;

    private static final short MOST_SHARERS = 4;
    private static final short MOST_AID = 16;

    private final Device device;
    private final Releases releases;
    /** Applets that may ask for the state: each length 1, AID 16. */
    private final byte[] sharers;

    Personalisation(Device device, Releases releases) {
        this.device = device;
        this.releases = releases;
        sharers = new byte[(short) (MOST_SHARERS * (1 + MOST_AID))];
    }

    /** Data groups one after the other: identifier 2, length 1, value. */
    void putAll(byte[] from, short offset, short length) {
        short end = (short) (offset + length);
        while (offset < end) {
            if ((short) (end - offset) < 3) {
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
            }
            short size = (short) (from[(short) (offset + 2)] & 0xFF);
            short value = (short) (offset + 3);
            if ((short) (end - value) < size) {
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
            }
            put(Util.getShort(from, offset), from, value, size);
            offset = (short) (value + size);
        }
    }

    /** P1P2 is the identifier. Whoever has the card make its keys gets the point, authenticated as the command was. */
    void putData(APDU apdu, boolean isSecured) {
        byte[] buffer = apdu.getBuffer();
        short identifier = Util.getShort(buffer, ISO7816.OFFSET_P1);
        short length = apdu.setIncomingAndReceive();
        if (apdu.getOffsetCdata() != ISO7816.OFFSET_CDATA || length != apdu.getIncomingLength()) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        if (isSecured) {
            length = Channel.unwrap(buffer, length);
        }
        put(identifier, buffer, ISO7816.OFFSET_CDATA, length);
        short answerLength = 0;
        if (identifier == MAKE_KEYS) {
            answerLength = Util.arrayCopyNonAtomic(device.points, Device.ATTESTATION, buffer, (short) 0, Words.POINT);
        }
        if (isSecured) {
            answerLength = Channel.wrap(buffer, answerLength);
        }
        apdu.setOutgoingAndSend((short) 0, answerLength);
    }

    private void put(short identifier, byte[] from, short offset, short length) {
        if (device.lifeCycle != Words.PERSONALISING) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        switch (identifier) {
            case IDENTITY:
                requireLength(length, Device.IDENTITY);
                Util.arrayCopy(from, offset, device.identity, (short) 0, Device.IDENTITY);
                break;
            case MANUFACTURER_KEY:
                putPoint(Device.MANUFACTURER, from, offset, length);
                break;
            case RESPONSIBLE_KEY:
                putPoint(Device.RESPONSIBLE, from, offset, length);
                break;
            case FIRST_RELEASE:
                requireLength(length, Releases.RELEASE);
                if (from[offset] < 0 || from[offset] >= Words.TARGETS) {
                    ISOException.throwIt(ISO7816.SW_WRONG_DATA);
                }
                JCSystem.beginTransaction();
                releases.putFirst(from[offset], from, (short) (offset + 1));
                JCSystem.commitTransaction();
                break;
            case SHARERS:
                putSharers(from, offset, length);
                break;
            case MAKE_KEYS:
                requireLength(length, (short) 0);
                JCSystem.beginTransaction();
                device.curve.generate(device.scratch, (short) 0);
                Util.arrayCopy(device.scratch, (short) 0, device.points, Device.ATTESTATION, Words.POINT);
                device.vault.makeKeys(device.random, device.scratch);
                JCSystem.commitTransaction();
                break;
            case ACTIVATE:
                requireLength(length, (short) 0);
                activate();
                break;
            default:
                ISOException.throwIt(Words.SW_NOT_THERE);
        }
    }

    private static void requireLength(short length, short wanted) {
        if (length != wanted) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
    }

    private void putPoint(short place, byte[] from, short offset, short length) {
        requireLength(length, Words.POINT);
        if (!device.curve.isPoint(from, offset)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        Util.arrayCopy(from, offset, device.points, place, Words.POINT);
    }

    /** AIDs, each with its length before it. */
    private void putSharers(byte[] from, short offset, short length) {
        short end = (short) (offset + length);
        JCSystem.beginTransaction();
        for (short i = 0; i < MOST_SHARERS; i++) {
            sharers[(short) (i * (1 + MOST_AID))] = 0;
        }
        for (short i = 0; offset < end; i++) {
            short size = from[offset];
            if (i >= MOST_SHARERS || size < 5 || size > MOST_AID || (short) (offset + 1 + size) > end) {
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
            }
            Util.arrayCopy(from, offset, sharers, (short) (i * (1 + MOST_AID)), (short) (1 + size));
            offset += (short) (1 + size);
        }
        JCSystem.commitTransaction();
    }

    boolean mayShare(AID client) {
        for (short i = 0; i < MOST_SHARERS; i++) {
            short at = (short) (i * (1 + MOST_AID));
            if (sharers[at] != 0 && client != null && client.equals(sharers, (short) (at + 1), sharers[at])) {
                return true;
            }
        }
        return false;
    }

    private void activate() {
        boolean isComplete = device.points[Device.MANUFACTURER] != 0 && device.points[Device.RESPONSIBLE] != 0
                && device.points[Device.ATTESTATION] != 0 && device.vault.hasKeys()
                && !Numbers.isAll(device.identity, (short) 0, Words.TITLE, (byte) 0);
        if (!isComplete) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        device.lifeCycle = Words.OPERATIONAL;
    }

    /** P1: 0 our own for quotes, 1 the manufacturer's, 2 the responsible party's. */
    void readPublicKey(APDU apdu) {
        short which = Exchange.p1(apdu);
        if (which > 2) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short place = which == 0 ? Device.ATTESTATION : which == 1 ? Device.MANUFACTURER : Device.RESPONSIBLE;
        if (device.points[place] == 0) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
        byte[] buffer = apdu.getBuffer();
        apdu.setOutgoingAndSend((short) 0,
                (short) (Util.arrayCopyNonAtomic(device.points, place, buffer, (short) 0, Words.POINT)));
    }

    void readRelease(APDU apdu) {
        short target = Releases.requireTarget(Exchange.p1(apdu));
        apdu.setOutgoingAndSend((short) 0, releases.describe(target, apdu.getBuffer(), (short) 0));
    }
}
