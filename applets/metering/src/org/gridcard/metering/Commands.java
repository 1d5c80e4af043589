package org.gridcard.metering;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * Local policy on critical commands, and the one ticket that a verified command gives. A policy says for each class of
 * commands who may order it, whether the access controller must have added its MAC, and how often it may happen.
 */
final class Commands {
    /** Layout of a command; the signature follows, then the counter and the MAC of the access controller. */
    static final short TARGET = 0;
    static final short PARTY = 8;
    static final short CLASS = 9;
    static final short COUNTER = 10;
    static final short NOT_BEFORE = 18;
    static final short NOT_AFTER = 22;
    static final short PAYLOAD_HASH = 26;
    static final short HEADER = 58;

    /** Classes with a meaning of their own here; the others belong to the device. */
    static final short CLASS_PREPAY = 8;
    static final short CLASS_CREDENTIAL = 13;
    static final short CLASS_QUOTA = 14;
    static final short CLASS_UNLOCK = 15;

    /** Layout of a policy: parties as bits, flags, slot of the MAC, most in a window (0: any number), seconds of a window. */
    static final short POLICY = 8;
    private static final short PARTIES = 0;
    private static final short FLAGS = 1;
    private static final short MAC_SLOT = 2;
    private static final short MOST = 3;
    private static final short WINDOW = 4;
    private static final byte FLAG_MAC = 1;
    private static final byte FLAG_UNTAMPERED = 2;

    /** State of each class: start of the window, and how many were accepted in it. */
    private static final short STATE = 5;

    private static final short TICKET = 8;

    private final byte[] policies;
    private final byte[] states;
    /** Latest time that came with something genuine; time before it is refused. */
    private final byte[] timeFloor;
    /** Waiting ticket: not zero, ticket, header of its command. After it was redeemed: 2, for the response. */
    private final byte[] ticket;
    private static final byte WAITING = 1;
    private static final byte REDEEMED = 2;

    Commands() {
        policies = new byte[(short) (Parties.CLASSES * POLICY)];
        states = new byte[(short) (Parties.CLASSES * STATE)];
        timeFloor = new byte[Words.TIME];
        ticket = JCSystem.makeTransientByteArray((short) (1 + TICKET + HEADER), JCSystem.CLEAR_ON_RESET);
    }

    void setPolicy(short commandClass, byte[] from, short offset) {
        Util.arrayCopy(from, offset, policies, (short) (commandClass * POLICY), POLICY);
    }

    void requireParty(short commandClass, short party) {
        if (party < 0 || party >= Parties.CELLS
                || (policies[(short) (commandClass * POLICY + PARTIES)] & (short) (1 << party)) == 0) {
            ISOException.throwIt(Words.SW_POLICY);
        }
    }

    /** @return the slot whose key makes the MAC, or -1 if none is asked for */
    short macSlot(short commandClass) {
        short at = (short) (commandClass * POLICY);
        return (policies[(short) (at + FLAGS)] & FLAG_MAC) == 0 ? (short) -1 : policies[(short) (at + MAC_SLOT)];
    }

    void requireUntampered(short commandClass, boolean isTampered) {
        if (isTampered && (policies[(short) (commandClass * POLICY + FLAGS)] & FLAG_UNTAMPERED) != 0) {
            ISOException.throwIt(Words.SW_POLICY);
        }
    }

    /** Time does not go back, and lies within the window of the command. */
    void requireTime(byte[] now, short nowOffset, byte[] command, short notBefore) {
        requireNotBack(now, nowOffset);
        short notAfter = (short) (notBefore + Words.TIME);
        if (Numbers.compare(now, nowOffset, command, notBefore, Words.TIME) < 0
                || Numbers.compare(now, nowOffset, command, notAfter, Words.TIME) > 0) {
            ISOException.throwIt(Words.SW_NOT_NOW);
        }
    }

    void requireNotBack(byte[] now, short nowOffset) {
        if (Numbers.compare(now, nowOffset, timeFloor, (short) 0, Words.TIME) < 0) {
            ISOException.throwIt(Words.SW_NOT_NOW);
        }
    }

    /** In the caller's transaction. */
    void acceptTime(byte[] now, short nowOffset) {
        Util.arrayCopy(now, nowOffset, timeFloor, (short) 0, Words.TIME);
    }

    /**
     * Counts one more in the window of its class. A window begins with the first command after the last one ended.
     * In the caller's transaction.
     */
    void countOrRefuse(short commandClass, byte[] now, short nowOffset, byte[] scratch) {
        short policy = (short) (commandClass * POLICY);
        short most = (short) (policies[(short) (policy + MOST)] & 0xFF);
        if (most == 0) {
            return;
        }
        short state = (short) (commandClass * STATE);
        Util.arrayCopyNonAtomic(states, state, scratch, (short) 0, Words.TIME);
        Numbers.add(scratch, (short) 0, policies, (short) (policy + WINDOW), Words.TIME);
        short used = (short) (states[(short) (state + Words.TIME)] & 0xFF);
        if (used == 0 || Numbers.compare(now, nowOffset, scratch, (short) 0, Words.TIME) >= 0) {
            Util.arrayCopy(now, nowOffset, states, state, Words.TIME);
            used = 0;
        }
        if (used >= most) {
            ISOException.throwIt(Words.SW_POLICY);
        }
        states[(short) (state + Words.TIME)] = (byte) (used + 1);
    }

    // ---- the ticket

    /** Binds a fresh ticket to a command; one that still waits is void. @return the end */
    short issue(byte[] command, short offset, byte[] random, short randomOffset, byte[] to, short toOffset) {
        ticket[0] = 0;
        Util.arrayCopyNonAtomic(random, randomOffset, ticket, (short) 1, TICKET);
        Util.arrayCopyNonAtomic(command, offset, ticket, (short) (1 + TICKET), HEADER);
        ticket[0] = WAITING;
        return Util.arrayCopyNonAtomic(ticket, (short) 1, to, toOffset, TICKET);
    }

    /** Good once, whatever comes of it. @return the class of the command */
    short redeem(byte[] presented, short offset, byte[] payloadHash, short hashOffset) {
        if (ticket[0] != WAITING) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        ticket[0] = 0;
        boolean isGood = Numbers.areEqual(presented, offset, ticket, (short) 1, TICKET);
        isGood &= Numbers.areEqual(payloadHash, hashOffset, ticket, (short) (1 + TICKET + PAYLOAD_HASH), Words.HASH);
        if (!isGood) {
            ISOException.throwIt(Words.SW_AUTHENTICATION_FAILED);
        }
        ticket[0] = REDEEMED;
        return ticket[(short) (1 + TICKET + CLASS)];
    }

    /** Header of the command that was redeemed, once. @return the end */
    short takeRedeemed(byte[] to, short offset) {
        if (ticket[0] != REDEEMED) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        ticket[0] = 0;
        return Util.arrayCopyNonAtomic(ticket, (short) (1 + TICKET), to, offset, HEADER);
    }

    void forget() {
        Util.arrayFillNonAtomic(ticket, (short) 0, (short) ticket.length, (byte) 0);
    }
}
