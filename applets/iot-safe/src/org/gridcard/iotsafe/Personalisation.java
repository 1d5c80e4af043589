package org.gridcard.iotsafe;

import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.SystemException;
import javacard.framework.Util;

/**
 * Makes the objects of the store, fills them, and ends for good: nothing is made or written by it afterwards. One TLV in
 * each STORE DATA; it takes effect whole or not at all.
 */
final class Personalisation {
    private static final byte[] GENERATE = { Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL };
    private static final byte[] WRITE_FILE = {
            Words.TAG_FILE_ID, Words.TAG_FILE_LABEL, Words.TAG_OFFSET, Words.TAG_CONTENT
    };

    private final IotSafe applet;
    /** How much of {@link Exchange#out} answers the command. Transient: commands wear no field with it. */
    private final short[] answerLength;
    private boolean isDone;

    Personalisation(IotSafe applet) {
        this.applet = applet;
        answerLength = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_RESET);
    }

    short answerLength() {
        return answerLength[0];
    }

    boolean isDone() {
        return isDone;
    }

    /** @param isConfidential nobody on the line has read the data: then keys may be among them */
    void store(byte[] buffer, short offset, short length, boolean isConfidential) {
        answerLength[0] = 0;
        try {
            storeOne(buffer, offset, length, isConfidential);
        } catch (SystemException e) {
            // What was allocated before memory ran out hangs on nothing.
            ISOException.throwIt(e.getReason() == SystemException.NO_RESOURCE ? ISO7816.SW_FILE_FULL : ISO7816.SW_UNKNOWN);
        }
    }

    private void storeOne(byte[] buffer, short offset, short length, boolean isConfidential) {
        if (isDone) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (length < 2) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        Tlvs tlvs = applet.tlvs;
        byte tag = buffer[offset];
        short end = (short) (offset + length);
        short size = tlvs.readLength(buffer, (short) (offset + 1), end, tag);
        short value = tlvs.next();
        if (size != (short) (end - value)) {
            Tlvs.refuse();
        }
        switch (tag) {
            case Words.TAG_PRIVATE_KEY:
                createPrivateKey(buffer, value, size, isConfidential);
                return;
            case Words.TAG_PUBLIC_KEY:
                tlvs.parse(buffer, value, size, PublicKeyObject.KNOWN);
                applet.publicKeys.requireNew(buffer, tlvs);
                applet.publicKeys.add(new PublicKeyObject(buffer, tlvs));
                return;
            case Words.TAG_FILE:
                tlvs.parse(buffer, value, size, FileObject.KNOWN);
                applet.files.requireNew(buffer, tlvs);
                applet.files.add(new FileObject(buffer, tlvs));
                return;
            case Words.TAG_SECRET_KEY:
                requireConfidential(isConfidential);
                tlvs.parse(buffer, value, size, SecretObject.KNOWN);
                applet.secretKeys.requireNew(buffer, tlvs);
                applet.secretKeys.add(new SecretObject(buffer, tlvs));
                return;
            case Words.TAG_GENERATE:
                tlvs.parse(buffer, value, size, GENERATE);
                generate((PrivateKeyObject) applet.privateKeys.find(buffer, tlvs));
                return;
            case Words.TAG_WRITE_FILE:
                tlvs.parse(buffer, value, size, WRITE_FILE);
                writeFile(buffer);
                return;
            case Words.TAG_END:
                if (size != 0) {
                    Tlvs.refuse();
                }
                isDone = true;
                // What attempts that failed have left behind.
                if (JCSystem.isObjectDeletionSupported()) {
                    JCSystem.requestObjectDeletion();
                }
                return;
            default:
                Tlvs.refuse();
        }
    }

    private void createPrivateKey(byte[] buffer, short offset, short length, boolean isConfidential) {
        Tlvs tlvs = applet.tlvs;
        tlvs.parse(buffer, offset, length, PrivateKeyObject.KNOWN);
        if (tlvs.has(Words.TAG_PRIVATE_VALUE)) {
            requireConfidential(isConfidential);
        }
        applet.privateKeys.requireNew(buffer, tlvs);
        PublicKeyObject partner = tlvs.has(Words.TAG_PUBLIC_ID) ? (PublicKeyObject) applet.publicKeys.find(buffer, tlvs)
                : null;
        boolean isBrainpool = (tlvs.value(buffer, Words.TAG_KEY_TYPE) & 0xF0) == 0x20;
        applet.privateKeys.add(new PrivateKeyObject(buffer, tlvs, partner, applet.ecdsa.workKey(isBrainpool)));
    }

    /** The first pair of a key that the device may not replace; its public half is the answer. */
    private void generate(PrivateKeyObject key) {
        key.requireFunction(Words.FUNCTION_GENERATION);
        if (key.isVolatile()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        key.generate(applet.ecdsa.workKey(key), applet.exchange.scratch);
        answerLength[0] = key.emitPublic(applet.exchange.out, (short) 0);
    }

    private void writeFile(byte[] buffer) {
        Tlvs tlvs = applet.tlvs;
        FileObject file = (FileObject) applet.files.find(buffer, tlvs);
        if (tlvs.length(Words.TAG_OFFSET) != 2) {
            Tlvs.refuse();
        }
        file.write(Util.getShort(buffer, tlvs.offset(Words.TAG_OFFSET)), buffer, tlvs.offset(Words.TAG_CONTENT),
                tlvs.length(Words.TAG_CONTENT));
    }

    private static void requireConfidential(boolean isConfidential) {
        if (!isConfidential) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
    }
}
