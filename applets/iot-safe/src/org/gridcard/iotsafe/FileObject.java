package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.Util;

/** A file: a certificate, or anything else. Only personalisation writes it. */
final class FileObject extends StoredObject {
    static final byte[] KNOWN = {
            Words.TAG_FILE_ID, Words.TAG_FILE_LABEL, Words.TAG_ACCESS, Words.TAG_FILE_USAGE, Words.TAG_FILE_SIZE
    };
    private static final byte USAGE_GENERAL = 1;
    private static final byte USAGE_X509 = 2;

    final byte[] content;
    private final byte usage;
    /** So much of it has come. */
    private short written;

    FileObject(byte[] buffer, Tlvs tlvs) {
        super(buffer, tlvs, Words.TAG_FILE_ID, Words.TAG_FILE_LABEL, Words.ACCESS_READ);
        usage = tlvs.value(buffer, Words.TAG_FILE_USAGE);
        if ((usage != USAGE_GENERAL && usage != USAGE_X509) || tlvs.length(Words.TAG_FILE_SIZE) != 2) {
            Tlvs.refuse();
        }
        short size = Util.getShort(buffer, tlvs.offset(Words.TAG_FILE_SIZE));
        if (size < 1) {
            Tlvs.refuse();
        }
        content = new byte[size];
    }

    /** A part without a hole before it, until the file is whole; a part that may have been cut off may come again. */
    void write(short offset, byte[] from, short fromOffset, short length) {
        if (isActive()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (offset < 0 || offset > written || length > (short) ((short) content.length - offset)) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        short end = Util.arrayCopyNonAtomic(from, fromOffset, content, offset, length);
        if (end > written) {
            written = end;
        }
    }

    boolean isActive() {
        return written == (short) content.length;
    }

    short describe(byte[] to, short at) {
        short start = at;
        at = open(to, at, Words.TAG_FILE, Words.TAG_FILE_LABEL, Words.TAG_FILE_ID);
        to[at++] = Words.TAG_FILE_SIZE;
        to[at++] = 2;
        at = Util.setShort(to, at, (short) content.length);
        at = emit(to, at, Words.TAG_FILE_USAGE, usage);
        return close(to, start, at);
    }
}
