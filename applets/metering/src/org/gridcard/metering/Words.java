package org.gridcard.metering;

/** Status words, life cycle and control bytes that more than one class knows. The README lists what each means where. */
final class Words {
    private Words() {
    }

    static final short SW_COUNTER_BELOW_FLOOR = (short) 0x6984;
    static final short SW_AUTHENTICATION_FAILED = (short) 0x6988;
    static final short SW_LOCKED = (short) 0x6983;
    static final short SW_EXHAUSTED = (short) 0x6A84;
    static final short SW_NOT_THERE = (short) 0x6A88;
    static final short SW_POLICY = (short) 0x6986;
    static final short SW_NOT_NOW = (short) 0x6987;
    static final short SW_WRONG_TARGET = (short) 0x6A80;

    static final byte PERSONALISING = (byte) 1;
    static final byte OPERATIONAL = (byte) 2;
    static final byte LOCKED = (byte) 3;
    static final byte ZEROISED = (byte) 4;

    static final byte SC_AUTHENTICATED = (byte) 0x10;
    static final byte SC_AUTHENTICATED_ENCRYPTED = (byte) 0x30;
    static final byte SC_BROADCAST = (byte) 0x40;

    static final short TITLE = 8;
    static final short COUNTER = 4;
    static final short LONG_COUNTER = 8;
    static final short TIME = 4;
    static final short TAG = 12;
    static final short HASH = 32;
}
