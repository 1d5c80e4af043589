package org.gridcard.integrity;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/**
 * For each target: the floor under which nothing is started any more, and the releases that may be started: the active one,
 * the one on trial, the previous one. What was started since the reset is transient.
 */
final class Releases {
    /** How often one on trial is started without being confirmed. */
    static final byte TRIES = 3;

    /** Layout of a target: floor 4, tries 1, three releases. */
    private static final short FLOOR = 0;
    private static final short TRIES_USED = 4;
    private static final short FIRST = 5;
    /** Layout of a release: there 1, version 4, rollback number 4, hash 32. */
    private static final short R_VERSION = 1;
    private static final short R_ROLLBACK = 5;
    private static final short R_HASH = 9;
    static final short RELEASE = 41;
    static final short SIZE = (short) (FIRST + 3 * RELEASE);

    static final byte ACTIVE = 1;
    static final byte TRIAL = 2;
    static final byte PREVIOUS = 3;

    /** Which release of each target runs, then its hash. */
    private static final short STARTED = (short) (1 + Words.HASH);

    private final byte[] records;
    private final byte[] started;

    Releases() {
        records = new byte[(short) (Words.TARGETS * SIZE)];
        started = JCSystem.makeTransientByteArray((short) (Words.TARGETS * STARTED), JCSystem.CLEAR_ON_RESET);
    }

    private static short at(short target, byte kind) {
        return (short) (target * SIZE + FIRST + (short) (kind - 1) * RELEASE);
    }

    static short requireTarget(short target) {
        if (target >= Words.TARGETS) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        return target;
    }

    /** Personalisation: version, rollback number, hash of what is on the device when it leaves the factory. */
    void putFirst(short target, byte[] from, short offset) {
        short to = at(target, ACTIVE);
        records[to] = 1;
        Util.arrayCopy(from, offset, records, (short) (to + 1), (short) (RELEASE - 1));
        Util.arrayCopy(records, (short) (to + R_ROLLBACK), records, (short) (target * SIZE + FLOOR), ImageHeader.NUMBER);
    }

    /** @throws ISOException 6984 if it was withdrawn: its number is below the floor */
    void requireFloor(byte[] header, short offset) {
        short target = header[(short) (offset + ImageHeader.TARGET)];
        if (Numbers.compare(header, (short) (offset + ImageHeader.ROLLBACK), records, (short) (target * SIZE + FLOOR),
                ImageHeader.NUMBER) < 0) {
            ISOException.throwIt(Words.SW_BELOW_FLOOR);
        }
    }

    /** @throws ISOException 6984 unless its version is above that of the active release */
    void requireNewer(byte[] header, short offset) {
        short active = at(header[(short) (offset + ImageHeader.TARGET)], ACTIVE);
        if (records[active] != 0 && Numbers.compare(header, (short) (offset + ImageHeader.VERSION), records,
                (short) (active + R_VERSION), ImageHeader.NUMBER) <= 0) {
            ISOException.throwIt(Words.SW_BELOW_FLOOR);
        }
    }

    /** In the caller's transaction. */
    void putTrial(byte[] header, short offset) {
        short target = header[(short) (offset + ImageHeader.TARGET)];
        short to = at(target, TRIAL);
        records[to] = 1;
        Util.arrayCopy(header, (short) (offset + ImageHeader.VERSION), records, (short) (to + R_VERSION), (short) 8);
        Util.arrayCopy(header, (short) (offset + ImageHeader.HASH), records, (short) (to + R_HASH), Words.HASH);
        records[(short) (target * SIZE + TRIES_USED)] = 0;
    }

    /**
     * Which release that is; one on trial has used up a try then.
     *
     * @throws ISOException 6986 if it is none that may be started
     */
    byte takeStart(byte[] header, short offset) {
        short target = header[(short) (offset + ImageHeader.TARGET)];
        byte kind = kindOf(target, header, offset);
        if (kind == TRIAL) {
            short tries = (short) (target * SIZE + TRIES_USED);
            if (records[tries] >= TRIES) {
                kind = isRelease(target, ACTIVE, header, offset) ? ACTIVE : 0;
            } else {
                records[tries]++;
            }
        }
        if (kind == 0) {
            ISOException.throwIt(Words.SW_POLICY);
        }
        return kind;
    }

    private byte kindOf(short target, byte[] header, short offset) {
        if (isRelease(target, TRIAL, header, offset)) {
            return TRIAL;
        }
        if (isRelease(target, ACTIVE, header, offset)) {
            return ACTIVE;
        }
        return isRelease(target, PREVIOUS, header, offset) ? PREVIOUS : (byte) 0;
    }

    private boolean isRelease(short target, byte kind, byte[] header, short offset) {
        short release = at(target, kind);
        return records[release] != 0
                && Numbers.areEqual(records, (short) (release + R_VERSION), header, (short) (offset + ImageHeader.VERSION), (short) 8)
                && Numbers.areEqual(records, (short) (release + R_HASH), header, (short) (offset + ImageHeader.HASH), Words.HASH);
    }

    void setStarted(short target, byte kind, byte[] header, short offset) {
        short to = (short) (target * STARTED);
        Util.arrayCopyNonAtomic(header, (short) (offset + ImageHeader.HASH), started, (short) (to + 1), Words.HASH);
        started[to] = kind;
    }

    boolean isStarted(short target) {
        return started[(short) (target * STARTED)] != 0;
    }

    /** Whether that is what was started. */
    boolean isRunning(short target, byte[] hash, short offset) {
        return Numbers.areEqual(hash, offset, started, (short) (target * STARTED + 1), Words.HASH);
    }

    boolean runsAny() {
        return runsAny(ACTIVE) || runsAny(TRIAL) || runsAny(PREVIOUS);
    }

    boolean runsAny(byte kind) {
        for (short i = 0; i < Words.TARGETS; i++) {
            if (started[(short) (i * STARTED)] == kind) {
                return true;
            }
        }
        return false;
    }

    /** What runs on trial is good: it is the active one, the old one may be fallen back to, and the floor rises to its number. */
    void confirm(short target) {
        short trial = at(target, TRIAL);
        short active = at(target, ACTIVE);
        if (started[(short) (target * STARTED)] != TRIAL || records[trial] == 0
                || !isRunning(target, records, (short) (trial + R_HASH))) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        JCSystem.beginTransaction();
        Util.arrayCopy(records, active, records, at(target, PREVIOUS), RELEASE);
        Util.arrayCopy(records, trial, records, active, RELEASE);
        raise(target, records, (short) (trial + R_ROLLBACK));
        clear(trial);
        JCSystem.commitTransaction();
        started[(short) (target * STARTED)] = ACTIVE;
    }

    /** The one on trial is given up. */
    void abandon(short target) {
        JCSystem.beginTransaction();
        clear(at(target, TRIAL));
        JCSystem.commitTransaction();
    }

    private void clear(short release) {
        records[release] = 0;
    }

    /**
     * In the caller's transaction.
     *
     * @throws ISOException 6984 if it would go down, 6A80 if the active release would be below it
     */
    void raiseFloor(short target, byte[] number, short offset) {
        if (Numbers.compare(number, offset, records, (short) (target * SIZE + FLOOR), ImageHeader.NUMBER) < 0) {
            ISOException.throwIt(Words.SW_BELOW_FLOOR);
        }
        if (Numbers.compare(number, offset, records, (short) (at(target, ACTIVE) + R_ROLLBACK), ImageHeader.NUMBER) > 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        raise(target, number, offset);
    }

    private void raise(short target, byte[] number, short offset) {
        short floor = (short) (target * SIZE + FLOOR);
        if (Numbers.compare(number, offset, records, floor, ImageHeader.NUMBER) > 0) {
            Util.arrayCopy(number, offset, records, floor, ImageHeader.NUMBER);
        }
    }

    /** Floor, tries, active, trial, previous; then which one runs. @return the end */
    short describe(short target, byte[] to, short offset) {
        short at = Util.arrayCopyNonAtomic(records, (short) (target * SIZE), to, offset, SIZE);
        to[at++] = started[(short) (target * STARTED)];
        return at;
    }
}
