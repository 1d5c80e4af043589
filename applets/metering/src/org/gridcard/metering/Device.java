package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.MessageDigest;
import javacard.security.RandomData;
import javacardx.crypto.Cipher;

/** What the card knows of its device, and the checks that several commands share. */
final class Device {
    private static final short DEVICE_ID = 16;

    final byte[] systemTitle;
    final byte[] deviceId;
    byte lifeCycle;
    boolean identified;
    /** Inputs that were seen, as bits; what each of the eight means: 0 nothing, 1 alarm, 2 lock, 3 zeroise. */
    byte tampered;
    final byte[] tamperPolicy;
    /** Not zero once the host has named its device since power-up. */
    final byte[] bound;

    final Exchange exchange;
    final byte[] work;
    final byte[] scratch;
    final Protection protection;
    final Kek kek;
    final KeyWrap keyWrap;
    /** Own key pairs on P-256 and, if the card was installed with it, P-384. */
    final DeviceKeys keys256;
    final DeviceKeys keys384;
    final Parties parties;
    final Commands commands;
    final Quotas quotas;
    final PrepayTokens tokens;
    final EventLog log;
    final MessageDigest sha256;
    final RandomData random;

    Device(byte[] suites, short offset, short count, boolean hasP384, boolean partiesHaveP384, byte cells, short quotaCount) {
        systemTitle = new byte[Words.TITLE];
        deviceId = new byte[DEVICE_ID];
        tamperPolicy = new byte[8];
        lifeCycle = Words.PERSONALISING;
        bound = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
        exchange = new Exchange();
        work = exchange.work;
        scratch = exchange.scratch;
        protection = new Protection(suites, offset, count);
        kek = new Kek();
        keyWrap = new KeyWrap(Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false));
        sha256 = MessageDigest.getInstance(MessageDigest.ALG_SHA_256, false);
        keys256 = new DeviceKeys((byte) 1, sha256, scratch);
        keys384 = hasP384 ? new DeviceKeys((byte) 2, MessageDigest.getInstance(MessageDigest.ALG_SHA_384, false), scratch)
                : null;
        parties = new Parties(partiesHaveP384 ? (byte) 2 : (byte) 1, cells);
        commands = new Commands();
        quotas = new Quotas(quotaCount);
        tokens = new PrepayTokens();
        log = new EventLog();
        random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
    }

    void requireLifeCycle(byte wanted) {
        if (lifeCycle != wanted) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    /** Past personalisation, and in the device it was made for. */
    void requireBound() {
        if (lifeCycle == Words.PERSONALISING || bound[0] == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
    }

    void requireUnlocked() {
        if (lifeCycle == Words.LOCKED) {
            ISOException.throwIt(Words.SW_LOCKED);
        }
    }

    /** Key pairs of a suite: 1 is P-256, 2 is P-384. */
    DeviceKeys requireKeys(short suite) {
        if (suite == 1) {
            return keys256;
        }
        if (suite != 2 || keys384 == null) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return keys384;
    }

    static short requireUse(short use) {
        if (use != DeviceKeys.SIGN && use != DeviceKeys.AGREE) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return use;
    }

    static short requireCell(short cell) {
        if (cell < 0 || cell >= Parties.CELLS) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return cell;
    }

    /** Parties use one curve on a card. */
    void requireSameCurve(DeviceKeys keys) {
        if (keys.suite != parties.suite) {
            ISOException.throwIt(Words.SW_NOT_THERE);
        }
    }

    /** The key pairs on the curve of the parties. */
    DeviceKeys partyCurve() {
        return parties.suite == 1 ? keys256 : keys384;
    }

    /** In the work buffer: the message, and somewhere a signature of that party over it. */
    void requireSignature(DeviceKeys keys, short cell, byte[] purpose, short message, short length, short signature) {
        requireSameCurve(keys);
        short point = parties.requirePoint(cell, Parties.HAS_SIGN);
        if (!keys.verify(parties.points(), point, purpose, work, message, length, work, signature, scratch)) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
    }

    /** In the work buffer: our system title. */
    void requireTarget(short at) {
        if (Util.arrayCompare(work, at, systemTitle, (short) 0, Words.TITLE) != 0) {
            ISOException.throwIt(Words.SW_WRONG_TARGET);
        }
    }

    /** In the work buffer: a counter of that party and class that was not accepted yet. */
    void requireAbove(short cell, short commandClass, short counter) {
        if (!parties.isAbove(cell, commandClass, work, counter)) {
            ISOException.throwIt(Words.SW_COUNTER_BELOW_FLOOR);
        }
    }

    /** Secrets have still to go: the power may have been cut while they went. */
    private boolean hasSecrets = true;

    /** In a life cycle in which nothing works but the status. What a power cut leaves goes at the next command. */
    void zeroise() {
        if (!hasSecrets) {
            return;
        }
        for (short i = 0; i < protection.slotCount(); i++) {
            JCSystem.beginTransaction();
            protection.clearSlot(i);
            JCSystem.commitTransaction();
        }
        protection.clearSessions();
        keys256.zeroise();
        if (keys384 != null) {
            keys384.zeroise();
        }
        JCSystem.beginTransaction();
        kek.clear();
        tokens.clear();
        parties.clear();
        JCSystem.commitTransaction();
        commands.forget();
        exchange.wipe();
        hasSecrets = false;
    }
}
