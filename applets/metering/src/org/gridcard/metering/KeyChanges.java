package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** Keys that come and go in the field: wrapped, in two phases, all or nothing. */
final class KeyChanges {
    private static final byte[] FOR_KEK = { 'G', 'C', 'K', '1' };
    private static final byte KEY_OF_KEK = 3;
    private static final byte TITLE_OF_PEER = 4;

    private final Device device;
    private final byte[] agreed;

    KeyChanges(Device device) {
        this.device = device;
        agreed = JCSystem.makeTransientByteArray((short) 48, JCSystem.CLEAR_ON_DESELECT);
    }

    /** A fresh key for the next generation of a slot, wrapped under a session key: P1 slot, P2 session. */
    void wrapKey(APDU apdu) {
        KeySlot slot = device.protection.requireLoadedSlot(Exchange.p1(apdu));
        SessionSlot session = device.protection.requireSession(Exchange.p2(apdu));
        session.requireLoaded();
        device.random.generateData(device.work, (short) 8, slot.keyLength);
        JCSystem.beginTransaction();
        slot.beginChange(device.scratch, (short) 64);
        slot.putNext(KeySet.UNICAST, device.work, (short) 8, device.sha256, device.scratch);
        JCSystem.commitTransaction();
        device.keyWrap.wrap(session.key(), device.work, (short) 0, slot.keyLength);
        device.exchange.send(apdu, (short) 0, (short) (8 + slot.keyLength));
    }

    /**
     * Keys wrapped under the master key: P1 slot, P2 0 or 1 for the next master key. Data: one or more of id and wrapped value;
     * ids are those of key_transfer: 0 unicast, 1 broadcast, 2 authentication, 3 master; 4 is the peer's title, for a slot that
     * has none. All are genuine, or nothing changes.
     */
    void unwrapKey(APDU apdu) {
        KeySlot slot = device.protection.requireSlot(Exchange.p1(apdu));
        short underNext = Exchange.p2(apdu);
        if (underNext > 1) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short length = device.exchange.receive(apdu, (short) 0, (short) 25, (short) 256);
        JCSystem.beginTransaction();
        boolean touchesSlot = false;
        short newKek = 0;
        short newKekLength = 0;
        short at = 0;
        while (at < length) {
            byte id = device.work[at++];
            short size = id == KEY_OF_KEK && (short) (length - at) >= 40 && slot.keyLength == 32 ? (short) 32
                    : id == TITLE_OF_PEER || id == KEY_OF_KEK ? (short) 16 : slot.keyLength;
            if (id < 0 || id > TITLE_OF_PEER || (short) (at + 8 + size) > length) {
                ISOException.throwIt(ISO7816.SW_WRONG_DATA);
            }
            if (!device.keyWrap.unwrap(device.kek.require(underNext == 1), device.work, at, size)) {
                ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
            }
            short key = (short) (at + 8);
            if (id == KEY_OF_KEK) {
                newKek = key;
                newKekLength = size;
            } else {
                if (!touchesSlot) {
                    if (slot.isLoaded()) {
                        slot.beginChange(device.scratch, (short) 64);
                    } else {
                        slot.beginEmpty();
                    }
                    touchesSlot = true;
                }
                if (id == TITLE_OF_PEER) {
                    if (slot.hasPeer()) {
                        ISOException.throwIt(Words.SW_POLICY);
                    }
                    Util.arrayCopy(device.work, key, slot.peerTitle, (short) 0, Words.TITLE);
                } else {
                    slot.putNext(id, device.work, key, device.sha256, device.scratch);
                }
            }
            at = (short) (key + size);
        }
        if (touchesSlot && !slot.isNextComplete()) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        if (underNext == 1) {
            device.kek.confirm();
        }
        if (newKekLength != 0) {
            device.kek.putNext(device.work, newKek, newKekLength);
        }
        JCSystem.commitTransaction();
        device.exchange.wipe();
    }

    void abandonChange(APDU apdu) {
        KeySlot slot = device.protection.requireSlot(Exchange.p1(apdu));
        JCSystem.beginTransaction();
        slot.abandonChange();
        JCSystem.commitTransaction();
    }

    /**
     * A master key agreed with a party's ephemeral key, which the party signed: how a new owner gets a hold. P1 suite, P2 length
     * of the key. Data: our title, the party's cell, its counter, the point, the signature; hash over 00000001, Z, purpose, our
     * title, counter gives the key.
     */
    void establishKek(APDU apdu) {
        DeviceKeys keys = device.requireKeys(Exchange.p1(apdu));
        device.requireSameCurve(keys);
        short keyLength = Exchange.p2(apdu);
        if (keyLength != 16 && keyLength != 32) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        byte[] work = device.work;
        short counter = (short) (Words.TITLE + 1);
        short point = (short) (counter + Words.LONG_COUNTER);
        short signature = (short) (point + keys.pointLength());
        short length = (short) (signature + 2 * keys.length);
        device.exchange.receive(apdu, (short) 0, length, length);
        device.requireTarget((short) 0);
        short cell = work[Words.TITLE];
        device.commands.requireParty(Commands.CLASS_CREDENTIAL, cell);
        device.requireSignature(keys, cell, FOR_KEK, (short) 0, signature, signature);
        device.requireAbove(cell, Commands.CLASS_CREDENTIAL, counter);
        short info = length;
        short at = Util.arrayCopyNonAtomic(FOR_KEK, (short) 0, work, info, (short) FOR_KEK.length);
        at = Util.arrayCopyNonAtomic(work, (short) 0, work, at, Words.TITLE);
        at = Util.arrayCopyNonAtomic(work, counter, work, at, Words.LONG_COUNTER);
        keys.agree(false, work, point, work, info, (short) (at - info), agreed, device.scratch);
        JCSystem.beginTransaction();
        device.parties.accept(cell, Commands.CLASS_CREDENTIAL, work, counter);
        device.kek.load(agreed, (short) 0, keyLength);
        JCSystem.commitTransaction();
        Util.arrayFillNonAtomic(agreed, (short) 0, (short) agreed.length, (byte) 0);
        device.exchange.wipe();
    }

    /** The certificate of the next key pair was imported: P1 suite, P2 use. */
    void activateKeyPair(APDU apdu) {
        device.requireKeys(Exchange.p1(apdu)).activateNext(Device.requireUse(Exchange.p2(apdu)));
    }
}
