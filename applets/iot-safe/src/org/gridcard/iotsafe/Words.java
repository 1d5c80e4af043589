package org.gridcard.iotsafe;

/** Tags, codes and status words of GSMA IoT.05, as its public clients use them; see this folder's README. */
final class Words {
    private Words() {
    }

    static final short SW_MORE_DATA = (short) 0x6300;
    static final short SW_CAPACITY = (short) 0x6989;
    static final short SW_SIGNATURE_MISMATCH = (short) 0x6D01;

    // Objects: what names them
    static final byte TAG_FILE_LABEL = (byte) 0x73;
    static final byte TAG_PRIVATE_LABEL = (byte) 0x74;
    static final byte TAG_PUBLIC_LABEL = (byte) 0x75;
    static final byte TAG_SECRET_LABEL = (byte) 0x76;
    static final byte TAG_FILE_ID = (byte) 0x83;
    static final byte TAG_PRIVATE_ID = (byte) 0x84;
    static final byte TAG_PUBLIC_ID = (byte) 0x85;
    static final byte TAG_SECRET_ID = (byte) 0x86;

    // Objects: what they are
    static final byte TAG_FILE_SIZE = (byte) 0x20;
    static final byte TAG_FILE_USAGE = (byte) 0x21;
    static final byte TAG_STATE = (byte) 0x4A;
    static final byte TAG_KEY_TYPE = (byte) 0x4B;
    static final byte TAG_KEY_USAGE = (byte) 0x4E;
    static final byte TAG_ACCESS = (byte) 0x60;
    static final byte TAG_FUNCTIONS = (byte) 0x61;
    static final byte TAG_AGREEMENT = (byte) 0x6F;
    static final byte TAG_HASH = (byte) 0x91;
    static final byte TAG_SIGNATURE_ALGORITHM = (byte) 0x92;
    static final byte TAG_DERIVATION = (byte) 0x94;
    static final byte TAG_PRIVATE_KEY = (byte) 0xC1;
    static final byte TAG_PUBLIC_KEY = (byte) 0xC2;
    static final byte TAG_FILE = (byte) 0xC3;
    static final byte TAG_SECRET_KEY = (byte) 0xC4;

    // Operations
    static final byte TAG_SIGNATURE = (byte) 0x33;
    static final byte TAG_POINT = (byte) 0x34;
    static final byte TAG_LAST_BLOCK = (byte) 0x9A;
    static final byte TAG_TEXT = (byte) 0x9B;
    static final byte TAG_INTERMEDIATE_HASH = (byte) 0x9C;
    static final byte TAG_BYTES_HASHED = (byte) 0x9D;
    static final byte TAG_HASH_VALUE = (byte) 0x9E;
    static final byte TAG_MODE = (byte) 0xA1;
    static final byte TAG_SECRET = (byte) 0xD1;
    static final byte TAG_LABEL_AND_SEED = (byte) 0xD2;
    static final byte TAG_LENGTH = (byte) 0xD3;
    static final byte TAG_PREMASTER = (byte) 0xD4;
    static final byte TAG_SALT = (byte) 0xD5;

    // Personalisation, ours
    static final byte TAG_OFFSET = (byte) 0x22;
    static final byte TAG_PRIVATE_VALUE = (byte) 0x47;
    static final byte TAG_CONTENT = (byte) 0x53;
    static final byte TAG_WRITE_FILE = (byte) 0xB0;
    static final byte TAG_GENERATE = (byte) 0xB9;
    static final byte TAG_END = (byte) 0xCF;

    static final byte ACCESS_READ = 1;
    static final byte ACCESS_UPDATE = 2;

    static final byte FUNCTION_SIGNATURE = 1;
    static final byte FUNCTION_GENERATION = 2;
    static final byte FUNCTION_AGREEMENT = 4;
    static final byte FUNCTION_DERIVATION = 8;

    static final byte P256_PERSISTENT = (byte) 0x13;
    static final byte P256_VOLATILE = (byte) 0x14;
    static final byte BRAINPOOL_PERSISTENT = (byte) 0x23;
    static final byte BRAINPOOL_VOLATILE = (byte) 0x24;
    static final byte TYPE_HMAC = (byte) 0xA0;

    static final byte MODE_FULL_TEXT = 1;
    static final byte MODE_LAST_BLOCK = 2;
    static final byte MODE_HASH = 3;

    static final byte DERIVATION_PRF = 1;
    static final byte DERIVATION_HKDF = 2;

    static final byte ECDSA = 4;
    static final byte ECKA = 1;

    /** Uncompressed point and number on the curves of 256 bits. */
    static final short POINT = 65;
    static final short NUMBER = 32;
}
