package org.gridcard.integrity;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** From an image in hand to software that runs, and what the responsible party has to say about it. */
final class Updates {
    private static final byte[] FOR_ACTIVATION = { 'G', 'I', 'A', '1' };
    private static final byte[] FOR_ORDER = { 'G', 'I', 'O', '1' };

    /** ACTIVATE IMAGE: time 4, authorisation, signature, position 2, hashes. */
    private static final short A_HASH = Words.TIME;
    private static final short A_ROOT = (short) (A_HASH + Words.HASH);
    private static final short A_COUNTER = (short) (A_ROOT + Words.HASH);
    private static final short A_NOT_BEFORE = (short) (A_COUNTER + Words.LONG_COUNTER);
    private static final short A_NOT_AFTER = (short) (A_NOT_BEFORE + Words.TIME);
    private static final short A_SIGNATURE = (short) (A_NOT_AFTER + Words.TIME);
    private static final short A_POSITION = (short) (A_SIGNATURE + Words.SIGNATURE);
    private static final short A_HASHES = (short) (A_POSITION + 2);
    private static final short DEEPEST = 12;

    /** ORDER: title 8, counter 8, kind 1, argument, signature. */
    private static final short O_COUNTER = Words.TITLE;
    private static final short O_KIND = (short) (O_COUNTER + Words.LONG_COUNTER);
    private static final short O_ARGUMENT = (short) (O_KIND + 1);
    private static final byte ACKNOWLEDGE = 1;
    private static final byte RAISE_FLOOR = 2;
    private static final byte NEW_PARTY = 3;

    private static final byte LEAF = 0;
    private static final byte NODE = 1;

    private final Device device;
    private final Images images;
    private final Releases releases;
    private final byte[] work;

    Updates(Device device, Images images, Releases releases) {
        this.device = device;
        this.images = images;
        this.releases = releases;
        work = device.work;
    }

    /**
     * The image in hand goes on trial: the responsible party has named its hash, for this device or a group that it is in.
     */
    void activateImage(APDU apdu) {
        images.requireVerified();
        short length = device.exchange.receive(apdu, (short) 0, A_HASHES, (short) (A_HASHES + DEEPEST * Words.HASH));
        short count = (short) ((short) (length - A_HASHES) / Words.HASH);
        if ((short) (A_HASHES + count * Words.HASH) != length) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        byte[] hand = images.hand;
        releases.requireFloor(hand, Images.HEADER);
        releases.requireNewer(hand, Images.HEADER);
        device.requireSignature(Device.RESPONSIBLE, FOR_ACTIVATION, A_HASH, (short) (A_SIGNATURE - A_HASH), A_SIGNATURE);
        if (!Numbers.areEqual(work, A_HASH, hand, (short) (Images.HEADER + ImageHeader.HASH), Words.HASH)) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
        requireMember(count);
        device.requireAbove(A_COUNTER);
        boolean isNow = Numbers.compare(work, (short) 0, device.floors, Device.TIME_FLOOR, Words.TIME) >= 0
                && Numbers.compare(work, (short) 0, work, A_NOT_BEFORE, Words.TIME) >= 0
                && Numbers.compare(work, (short) 0, work, A_NOT_AFTER, Words.TIME) <= 0;
        if (!isNow) {
            ISOException.throwIt(Words.SW_NOT_NOW);
        }
        JCSystem.beginTransaction();
        device.acceptCounter(A_COUNTER);
        Util.arrayCopy(work, (short) 0, device.floors, Device.TIME_FLOOR, Words.TIME);
        releases.putTrial(hand, Images.HEADER);
        JCSystem.commitTransaction();
        images.drop();
    }

    /**
     * The root is that of a tree over titles of devices, which for one device is its leaf: leaf SHA-256(00 || title), node
     * SHA-256(01 || left || right); bit n of the position says that we stand right of hash n.
     */
    private void requireMember(short count) {
        byte[] node = device.scratch;
        node[0] = LEAF;
        Util.arrayCopyNonAtomic(device.identity, (short) 0, node, (short) 1, Words.TITLE);
        device.sha256.doFinal(node, (short) 0, (short) (1 + Words.TITLE), node, (short) 1);
        short path = Util.getShort(work, A_POSITION);
        for (short i = 0; i < count; i++) {
            short sibling = (short) (A_HASHES + i * Words.HASH);
            if ((path & (short) (1 << i)) != 0) {
                Util.arrayCopyNonAtomic(node, (short) 1, node, (short) (1 + Words.HASH), Words.HASH);
                Util.arrayCopyNonAtomic(work, sibling, node, (short) 1, Words.HASH);
            } else {
                Util.arrayCopyNonAtomic(work, sibling, node, (short) (1 + Words.HASH), Words.HASH);
            }
            node[0] = NODE;
            device.sha256.doFinal(node, (short) 0, (short) (1 + 2 * Words.HASH), node, (short) 1);
        }
        if (!Numbers.areEqual(node, (short) 1, work, A_ROOT, Words.HASH)) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
    }

    /** The image in hand is started, once in a boot: it gets into the register of its target. Answer: which release, version. */
    void startImage(APDU apdu) {
        images.requireVerified();
        byte[] hand = images.hand;
        short target = Exchange.p1(apdu);
        if (target != hand[(short) (Images.HEADER + ImageHeader.TARGET)]) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        if (releases.isStarted(target)) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        releases.requireFloor(hand, Images.HEADER);
        byte kind = releases.takeStart(hand, Images.HEADER);
        device.sha256.doFinal(hand, Images.HEADER, ImageHeader.LENGTH, work, (short) 0);
        device.registers.extend(target, work, (short) 0);
        releases.setStarted(target, kind, hand, Images.HEADER);
        byte[] buffer = apdu.getBuffer();
        buffer[0] = kind;
        short end = Util.arrayCopyNonAtomic(hand, (short) (Images.HEADER + ImageHeader.VERSION), buffer, (short) 1,
                ImageHeader.NUMBER);
        images.drop();
        apdu.setOutgoingAndSend((short) 0, end);
    }

    /** P1 target. P2: 0 what runs on trial is good, 1 what is on trial is given up. */
    void confirmImage(APDU apdu) {
        device.requireOperational();
        short target = Releases.requireTarget(Exchange.p1(apdu));
        short verdict = Exchange.p2(apdu);
        if (verdict == 1) {
            releases.abandon(target);
        } else if (verdict != 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        } else if (device.mismatch[0] != 0) {
            ISOException.throwIt(Words.SW_POLICY);
        } else {
            releases.confirm(target);
        }
    }

    /** What the responsible party orders of the card itself. */
    void order(APDU apdu) {
        device.requireOperational();
        short least = (short) (O_ARGUMENT + Words.SIGNATURE);
        short length = device.exchange.receive(apdu, (short) 0, least, (short) (least + Words.POINT));
        short signature = (short) (length - Words.SIGNATURE);
        byte kind = work[O_KIND];
        short argument = (short) (signature - O_ARGUMENT);
        if (argument != argumentLength(kind)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        device.requireSignature(Device.RESPONSIBLE, FOR_ORDER, (short) 0, signature, signature);
        if (!Numbers.areEqual(work, (short) 0, device.identity, (short) 0, Words.TITLE)) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
        device.requireAbove(O_COUNTER);
        short target = work[O_ARGUMENT];
        if (kind == RAISE_FLOOR && (target < 0 || target >= Words.TARGETS)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        if (kind == NEW_PARTY && !device.curve.isPoint(work, O_ARGUMENT)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        JCSystem.beginTransaction();
        device.acceptCounter(O_COUNTER);
        if (kind == ACKNOWLEDGE) {
            device.alarm[0] = 0;
        } else if (kind == RAISE_FLOOR) {
            releases.raiseFloor(target, work, (short) (O_ARGUMENT + 1));
        } else {
            Util.arrayCopy(work, O_ARGUMENT, device.points, Device.RESPONSIBLE, Words.POINT);
        }
        JCSystem.commitTransaction();
    }

    /** -1: there is no such order. */
    private static short argumentLength(byte kind) {
        switch (kind) {
            case ACKNOWLEDGE:
                return 0;
            case RAISE_FLOOR:
                return 5;
            case NEW_PARTY:
                return Words.POINT;
            default:
                return -1;
        }
    }
}
