package org.gridcard.integrity;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/** Measuring, checking again while the device runs, telling others, and keeping values that depend on it. */
final class Measurements {
    private static final byte[] FOR_QUOTE = { 'G', 'I', 'Q', '1' };
    private static final short NONCE = 16;
    private static final byte VERSION = 1;

    private final Device device;
    private final Releases releases;
    private final Registers registers;
    private final byte[] work;

    Measurements(Device device, Releases releases) {
        this.device = device;
        this.releases = releases;
        registers = device.registers;
        work = device.work;
    }

    byte flags() {
        byte flags = device.alarm[0] != 0 ? Device.FLAG_ALARM : 0;
        flags |= device.mismatch[0] != 0 ? Device.FLAG_MISMATCH : 0;
        flags |= releases.runsAny(Releases.TRIAL) ? Device.FLAG_TRIAL : 0;
        flags |= releases.runsAny() ? Device.FLAG_STARTED : 0;
        flags |= releases.runsAny(Releases.PREVIOUS) ? Device.FLAG_FALLBACK : 0;
        return flags;
    }

    void getStatus(APDU apdu) {
        byte[] buffer = apdu.getBuffer();
        buffer[0] = VERSION;
        buffer[1] = device.lifeCycle;
        buffer[2] = flags();
        short at = Util.arrayCopyNonAtomic(device.identity, (short) 0, buffer, (short) 3, Device.IDENTITY);
        at = counters(buffer, at);
        buffer[at++] = (byte) Words.TARGETS;
        buffer[at++] = (byte) Registers.COUNT;
        apdu.setOutgoingAndSend((short) 0, at);
    }

    /** Boots 4, checks since the last one 4, mismatches ever 2, events 4, last order 8. */
    private short counters(byte[] to, short at) {
        at = registers.bootCount(to, at);
        at = registers.checkCount(to, at);
        at = Util.arrayCopyNonAtomic(device.alarm, (short) 1, to, at, (short) 2);
        at = registers.eventCount(to, at);
        return Util.arrayCopyNonAtomic(device.floors, (short) 0, to, at, Words.LONG_COUNTER);
    }

    void readRegister(APDU apdu) {
        short register = Registers.requireRegister(Exchange.p1(apdu));
        apdu.setOutgoingAndSend((short) 0, registers.read(register, apdu.getBuffer(), (short) 0));
    }

    /** P1 register 4 to 8. Data: a digest. Answer: the new value. */
    void measure(APDU apdu) {
        device.requireOperational();
        short register = Registers.requireRegister(Exchange.p1(apdu));
        if (register < Words.TARGETS) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        device.exchange.receive(apdu, (short) 0, Words.HASH, Words.HASH);
        registers.extend(register, work, (short) 0);
        apdu.setOutgoingAndSend((short) 0, registers.read(register, apdu.getBuffer(), (short) 0));
    }

    /**
     * Measured again: for a target the hash of what runs, for another register the digests that made it. If that is not
     * what was measured, sealed values stay closed from now on and the alarm is up.
     */
    void check(APDU apdu) {
        device.requireOperational();
        short register = Exchange.p1(apdu);
        if (register >= Registers.EVENTS) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short length = device.exchange.receive(apdu, (short) 0, Words.HASH, Exchange.MOST);
        short count = (short) (length / Words.HASH);
        if ((short) (count * Words.HASH) != length || (register < Words.TARGETS && count != 1)) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        if (register < Words.TARGETS && !releases.isStarted(register)) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        boolean isSame = register < Words.TARGETS ? releases.isRunning(register, work, (short) 0)
                : registers.isMadeOf(register, work, (short) 0, count);
        if (!isSame) {
            device.raiseAlarm();
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        registers.countCheck();
    }

    /**
     * P1P2 mask of registers. Data: time, nonce. Answer: title 8, life cycle 1, flags 1, counters 22, mask 2, digest of the
     * registers 32, time 4, nonce 16, signature 64.
     */
    void quote(APDU apdu) {
        device.requireOperational();
        byte[] buffer = apdu.getBuffer();
        short mask = Registers.requireMask(Util.getShort(buffer, ISO7816.OFFSET_P1));
        short length = (short) (Words.TIME + NONCE);
        short head = (short) (Words.TITLE + 2 + 22 + 2 + Words.HASH);
        device.exchange.receive(apdu, head, length, length);
        short at = Util.arrayCopyNonAtomic(device.identity, (short) 0, work, (short) 0, Words.TITLE);
        work[at++] = device.lifeCycle;
        work[at++] = flags();
        at = counters(work, at);
        at = Util.setShort(work, at, mask);
        registers.digest(mask, work, at);
        short end = (short) (head + length);
        short size = device.curve.sign(FOR_QUOTE, work, (short) 0, end, work, end, device.scratch);
        device.exchange.send(apdu, (short) 0, (short) (end + size));
    }

    /** P1 mask of registers 0 to 7; P2: 0 as they are now, 1 as the digest says that leads. Data: [digest,] secret. */
    void seal(APDU apdu) {
        device.requireOperational();
        short mask = Registers.requireMask(Exchange.p1(apdu));
        short kind = Exchange.p2(apdu);
        if (kind > 1) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short digestLength = kind == 1 ? Words.HASH : (short) 0;
        short length = device.exchange.receive(apdu, (short) 0, (short) (digestLength + 1),
                (short) (digestLength + Vault.MOST_SECRET));
        short secretLength = (short) (length - digestLength);
        Util.arrayCopyNonAtomic(work, digestLength, work, (short) (Vault.TEXT + 1), secretLength);
        if (kind == 1) {
            Util.arrayCopyNonAtomic(work, (short) 0, work, Vault.DIGEST, Words.HASH);
        } else {
            registers.digest(mask, work, Vault.DIGEST);
        }
        Util.setShort(work, Vault.MASK, mask);
        device.exchange.send(apdu, (short) 0, device.vault.seal(work, (short) 0, secretLength, device.random, device.scratch));
    }

    void unseal(APDU apdu) {
        device.requireOperational();
        short least = (short) (Vault.TEXT + 2 * Vault.BLOCK);
        short length = device.exchange.receive(apdu, (short) 0, least, (short) (least + Vault.MOST_SECRET));
        if (!device.vault.isOurs(work, (short) 0, length, device.scratch)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        registers.digest(Util.getShort(work, Vault.MASK), device.scratch, (short) 2);
        if (device.mismatch[0] != 0
                || !Numbers.areEqual(device.scratch, (short) 2, work, Vault.DIGEST, Words.HASH)) {
            ISOException.throwIt(Words.SW_POLICY);
        }
        short secretLength = device.vault.open(work, (short) 0, length, device.scratch);
        byte[] buffer = apdu.getBuffer();
        Util.arrayCopyNonAtomic(work, (short) (Vault.TEXT + 1), buffer, (short) 0, secretLength);
        Util.arrayFillNonAtomic(work, Vault.TEXT, (short) (1 + secretLength), (byte) 0);
        apdu.setOutgoingAndSend((short) 0, secretLength);
    }
}
