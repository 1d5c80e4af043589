package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** What is put into a card once, before ACTIVATE, and what may be read of it ever after. */
final class Personalisation {
    private static final byte VERSION = (byte) 1;
    private static final short DEVICE_ID = 16;

    private final Device device;

    Personalisation(Device device) {
        this.device = device;
    }

    void getStatus(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        short count = device.protection.slotCount();
        byte loaded = 0;
        byte changing = 0;
        for (short i = 0; i < count; i++) {
            loaded |= device.protection.requireSlot(i).isLoaded() ? (byte) (1 << i) : 0;
            changing |= device.protection.requireSlot(i).isChanging() ? (byte) (1 << i) : 0;
        }
        short at = 0;
        buffer[at++] = VERSION;
        buffer[at++] = device.lifeCycle;
        buffer[at++] = device.bound[0];
        buffer[at++] = (byte) count;
        buffer[at++] = loaded;
        buffer[at++] = changing;
        buffer[at++] = device.tampered;
        buffer[at++] = device.keys384 == null ? (byte) 1 : (byte) 3;
        at = Util.arrayCopyNonAtomic(device.systemTitle, (short) 0, buffer, at, Words.TITLE);
        at = device.log.describe(buffer, at);
        apdu.setOutgoingAndSend((short) 0, at);
    }

    void readCounters(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        KeySlot slot = device.protection.requireLoadedSlot(Exchange.p1(apdu));
        short at = Util.arrayCopyNonAtomic(slot.send, (short) 0, buffer, (short) 0, Words.COUNTER);
        at = Util.arrayCopyNonAtomic(slot.inUse().floors, (short) 0, buffer, at, KeySet.FLOORS);
        at = Util.arrayCopyNonAtomic(slot.agreedFloor, (short) 0, buffer, at, Words.COUNTER);
        apdu.setOutgoingAndSend((short) 0, at);
    }

    void readPublicKey(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        short p2 = (short) (buffer[ISO7816.OFFSET_P2] & 0xFF);
        DeviceKeys keys = device.requireKeys(Exchange.p1(apdu));
        short use = Device.requireUse((short) (p2 & 0x7F));
        apdu.setOutgoingAndSend((short) 0, keys.publicKey(use, (p2 & 0x80) != 0, buffer, (short) 0));
    }

    void readCredential(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        short cell = Exchange.p1(apdu);
        short commandClass = (short) (buffer[ISO7816.OFFSET_P2] & 0xFF);
        if (cell >= Parties.CELLS || commandClass >= Parties.CLASSES) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        apdu.setOutgoingAndSend((short) 0, device.parties.describe(cell, commandClass, buffer, (short) 0));
    }

    void readQuota(APDU apdu) {
        short index = Exchange.p1(apdu);
        if (index >= device.quotas.count) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        apdu.setOutgoingAndSend((short) 0, device.quotas.describe(index, apdu.getBuffer(), (short) 0));
    }

    /** System title, device id, what each tamper input means. */
    void setIdentity(APDU apdu) {
        short length = (short) (Words.TITLE + DEVICE_ID + 8);
        device.exchange.receive(apdu, (short) 0, length, length);
        JCSystem.beginTransaction();
        Util.arrayCopy(device.work, (short) 0, device.systemTitle, (short) 0, Words.TITLE);
        Util.arrayCopy(device.work, Words.TITLE, device.deviceId, (short) 0, DEVICE_ID);
        Util.arrayCopy(device.work, (short) (Words.TITLE + DEVICE_ID), device.tamperPolicy, (short) 0, (short) 8);
        device.identified = true;
        JCSystem.commitTransaction();
    }

    void putKeySlot(APDU apdu) {
        KeySlot slot = device.protection.requireSlot(Exchange.p1(apdu));
        short length = device.exchange.receive(apdu, (short) 0, (short) 0, (short) 104);
        slot.load(device.work, (short) 0, length, device.sha256, device.scratch);
        device.exchange.wipe();
    }

    void putKek(APDU apdu) {
        short length = device.exchange.receive(apdu, (short) 0, (short) 16, (short) 32);
        JCSystem.beginTransaction();
        device.kek.load(device.work, (short) 0, length);
        JCSystem.commitTransaction();
        device.exchange.wipe();
    }

    void putCredential(APDU apdu) {
        short cell = Device.requireCell(Exchange.p1(apdu));
        short length = (short) (Words.TITLE + 1 + device.parties.pointLength());
        device.exchange.receive(apdu, (short) 0, length, length);
        JCSystem.beginTransaction();
        device.parties.put(cell, device.work, (short) 0);
        JCSystem.commitTransaction();
    }

    void putPolicy(APDU apdu) {
        short commandClass = Exchange.p1(apdu);
        if (commandClass >= Parties.CLASSES) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        device.exchange.receive(apdu, (short) 0, Commands.POLICY, Commands.POLICY);
        device.commands.setPolicy(commandClass, device.work, (short) 0);
    }

    void putPrepayKey(APDU apdu) {
        short length = (short) (Words.TITLE + 16);
        device.exchange.receive(apdu, (short) 0, length, length);
        JCSystem.beginTransaction();
        device.tokens.load(device.work, (short) 0);
        JCSystem.commitTransaction();
        device.exchange.wipe();
    }

    void activate() {
        boolean anyLoaded = false;
        for (short i = 0; i < device.protection.slotCount(); i++) {
            anyLoaded |= device.protection.requireSlot(i).isLoaded();
        }
        if (!device.identified || !anyLoaded) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        device.lifeCycle = Words.OPERATIONAL;
    }

    void bindDevice(APDU apdu) {
        if (device.lifeCycle == Words.PERSONALISING) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        device.exchange.receive(apdu, (short) 0, DEVICE_ID, DEVICE_ID);
        boolean isFirst = device.bound[0] == 0;
        device.bound[0] = 0;
        if (!Numbers.areEqual(device.work, (short) 0, device.deviceId, (short) 0, DEVICE_ID)) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        if (isFirst) {
            device.protection.countPowerUp();
        }
        device.bound[0] = 1;
    }

    /** Before activation the first pair; afterwards the next one, which waits for its certificate. @return length of the point */
    short generateKeyPair(APDU apdu) {
        DeviceKeys keys = device.requireKeys(Exchange.p1(apdu));
        short use = Device.requireUse(Exchange.p2(apdu));
        return keys.generate(use, apdu.getBuffer(), (short) 0);
    }
}
