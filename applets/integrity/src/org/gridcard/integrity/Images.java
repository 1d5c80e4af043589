package org.gridcard.integrity;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;

/**
 * The image in hand: header and signature first, then its bytes, or their hash if the device has worked it out. What is
 * verified here may be started or activated, until the next image comes or the card is reset.
 */
final class Images {
    private static final byte[] FOR_IMAGE = { 'G', 'I', 'I', '1' };

    private static final byte RECEIVING = 1;
    private static final byte VERIFIED = 2;

    /** Layout of the hand: state, header, number of bytes that came. */
    static final short HEADER = 1;
    private static final short RECEIVED = (short) (HEADER + ImageHeader.LENGTH);

    private final Device device;
    private final Releases releases;
    final byte[] hand;
    /** A digest of its own, because it is open from one command to the next. */
    private final MessageDigest stream;

    Images(Device device, Releases releases) {
        this.device = device;
        this.releases = releases;
        hand = JCSystem.makeTransientByteArray((short) (RECEIVED + 4), JCSystem.CLEAR_ON_RESET);
        stream = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
    }

    /** P1: 0 to start it, 1 to update, which wants a higher version. Data: header, the manufacturer's signature. */
    void verifyImage(APDU apdu) {
        short use = Exchange.p1(apdu);
        if (use > 1) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short length = (short) (ImageHeader.LENGTH + Words.SIGNATURE);
        device.exchange.receive(apdu, (short) 0, length, length);
        hand[0] = 0;
        byte[] work = device.work;
        device.requireSignature(Device.MANUFACTURER, FOR_IMAGE, (short) 0, ImageHeader.LENGTH, ImageHeader.LENGTH);
        byte[] identity = device.identity;
        boolean isForUs = Numbers.areEqual(work, ImageHeader.TYPE, identity, Device.TYPE, (short) 4)
                && Numbers.compare(work, ImageHeader.HARDWARE_MIN, identity, Device.HARDWARE, (short) 2) <= 0
                && Numbers.compare(work, ImageHeader.HARDWARE_MAX, identity, Device.HARDWARE, (short) 2) >= 0
                && work[ImageHeader.TARGET] >= 0 && work[ImageHeader.TARGET] < Words.TARGETS;
        if (!isForUs) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
        releases.requireFloor(work, (short) 0);
        if (use == 1) {
            releases.requireNewer(work, (short) 0);
        }
        Util.arrayCopyNonAtomic(work, (short) 0, hand, HEADER, ImageHeader.LENGTH);
        Util.arrayFillNonAtomic(hand, RECEIVED, (short) 4, (byte) 0);
        stream.reset();
        hand[0] = RECEIVING;
    }

    /** The next bytes of the image, as many as one likes, in order. */
    void imageData(APDU apdu) {
        requireState(RECEIVING);
        byte[] buffer = apdu.getBuffer();
        short count = apdu.setIncomingAndReceive();
        short offset = apdu.getOffsetCdata();
        while (count > 0) {
            stream.update(buffer, offset, count);
            Numbers.add(hand, RECEIVED, count);
            count = apdu.receiveBytes(offset);
        }
        if (Numbers.compare(hand, RECEIVED, hand, (short) (HEADER + ImageHeader.SIZE), ImageHeader.NUMBER) > 0) {
            hand[0] = 0;
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
    }

    /** P1: 0 all bytes were here, 1 the device gives their hash. Right, or the hand is empty again. */
    void imageFinal(APDU apdu) {
        requireState(RECEIVING);
        boolean isGiven = Exchange.p1(apdu) == 1;
        if (Exchange.p1(apdu) > 1) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        boolean isComplete = true;
        if (isGiven) {
            device.exchange.receive(apdu, (short) 0, Words.HASH, Words.HASH);
        } else {
            isComplete = Numbers.areEqual(hand, RECEIVED, hand, (short) (HEADER + ImageHeader.SIZE), ImageHeader.NUMBER);
            stream.doFinal(device.work, (short) 0, (short) 0, device.work, (short) 0);
        }
        hand[0] = 0;
        if (!isComplete || !Numbers.areEqual(device.work, (short) 0, hand, (short) (HEADER + ImageHeader.HASH), Words.HASH)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        hand[0] = VERIFIED;
    }

    void requireVerified() {
        requireState(VERIFIED);
    }

    void drop() {
        hand[0] = 0;
    }

    private void requireState(byte wanted) {
        device.requireOperational();
        if (hand[0] != wanted) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }
}
