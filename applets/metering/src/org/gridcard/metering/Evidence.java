package org.gridcard.metering;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** What the device can prove afterwards: its log, signatures, and that somebody opened it. */
final class Evidence {
    private static final byte[] FOR_LOG = { 'G', 'C', 'L', '1' };
    private static final short NONCE_MIN = 8;
    private static final short NONCE_MAX = 32;
    private static final byte TAMPER_LOCK = 2;
    private static final byte TAMPER_ZEROISE = 3;

    private final Device device;
    private final byte[] work;

    Evidence(Device device) {
        this.device = device;
        work = device.work;
    }

    /** Digest of an entry. Answer: number and head of the log. */
    void logExtend(APDU apdu) {
        device.requireBound();
        device.exchange.receive(apdu, (short) 0, Words.HASH, Words.HASH);
        device.log.extend(work, (short) 0, device.sha256, device.scratch);
        apdu.setOutgoingAndSend((short) 0, device.log.describe(apdu.getBuffer(), (short) 0));
    }

    /** Time, nonce. Answer: title, number, head, time, nonce, our signature over them. */
    void logSeal(APDU apdu) {
        device.requireBound();
        short at = (short) (Words.TITLE + EventLog.SIZE);
        short length = device.exchange.receive(apdu, at, (short) (Words.TIME + NONCE_MIN), (short) (Words.TIME + NONCE_MAX));
        Util.arrayCopyNonAtomic(device.systemTitle, (short) 0, work, (short) 0, Words.TITLE);
        device.log.describe(work, Words.TITLE);
        short end = (short) (at + length);
        short size = device.partyCurve().sign(FOR_LOG, work, (short) 0, end, work, end, device.scratch);
        device.exchange.send(apdu, (short) 0, (short) (end + size));
    }

    /** Signature over a message, P1 suite. What begins like our own statements is not signed: GC, a letter, 1. */
    void sign(APDU apdu) {
        DeviceKeys keys = device.requireKeys(Exchange.p1(apdu));
        short length = device.exchange.receive(apdu, (short) 0, (short) 1, (short) (Exchange.MOST - 96));
        if (length >= 4 && work[0] == 'G' && work[1] == 'C' && work[3] == '1') {
            ISOException.throwIt(Words.SW_POLICY);
        }
        short size = keys.sign(null, work, (short) 0, length, work, length, device.scratch);
        device.exchange.send(apdu, length, size);
    }

    /** Signature of a party over a message: P1 cell. Data: signature, message. */
    void verify(APDU apdu) {
        DeviceKeys keys = device.partyCurve();
        short signatureLength = (short) (2 * keys.length);
        short length = device.exchange.receive(apdu, (short) 0, signatureLength, Exchange.MOST);
        device.requireSignature(keys, Device.requireCell(Exchange.p1(apdu)), null, signatureLength, (short) (length - signatureLength),
                (short) 0);
    }

    /** Input P1 was seen. It stays seen until a party unlocks; what follows is the policy of personalisation. */
    void tamper(APDU apdu) {
        device.requireBound();
        short input = Exchange.p1(apdu);
        if (input > 7) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        byte policy = device.tamperPolicy[input];
        JCSystem.beginTransaction();
        device.tampered |= (byte) (1 << input);
        if (policy == TAMPER_ZEROISE) {
            device.lifeCycle = Words.ZEROISED;
        } else if (policy == TAMPER_LOCK && device.lifeCycle == Words.OPERATIONAL) {
            device.lifeCycle = Words.LOCKED;
        }
        JCSystem.commitTransaction();
        if (policy == TAMPER_ZEROISE) {
            device.zeroise();
        }
    }
}
