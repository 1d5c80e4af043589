package org.gridcard.integrity;

/** Status words, life cycle and sizes that more than one class knows. The README lists what each means where. */
final class Words {
    private Words() {
    }

    static final short SW_BELOW_FLOOR = (short) 0x6984;
    static final short SW_POLICY = (short) 0x6986;
    static final short SW_NOT_NOW = (short) 0x6987;
    static final short SW_AUTHENTICATION_FAILED = (short) 0x6988;
    static final short SW_WRONG_TARGET = (short) 0x6A80;
    static final short SW_EXHAUSTED = (short) 0x6A84;
    static final short SW_NOT_THERE = (short) 0x6A88;

    static final byte PERSONALISING = (byte) 1;
    static final byte OPERATIONAL = (byte) 2;

    static final short TITLE = 8;
    static final short TIME = 4;
    static final short COUNTER = 4;
    static final short LONG_COUNTER = 8;
    static final short HASH = 32;
    static final short POINT = 65;
    static final short SIGNATURE = 64;

    /** Pieces of software with a version of their own, and as many registers that say what was started of them. */
    static final short TARGETS = 4;
}
