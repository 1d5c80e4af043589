package org.gridcard.iotsafe;

import javacard.framework.APDU;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;

/** What the device may ask the store for, and the public keys it may put there. */
final class Objects {
    private static final byte[] NO_TAGS = {};
    private static final byte[] PRIVATE = { Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL };
    private static final byte[] PUBLIC = { Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL };
    private static final byte[] FILE = { Words.TAG_FILE_ID, Words.TAG_FILE_LABEL };
    private static final byte[] SECRET = { Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL };

    /** GET DATA, P1. */
    private static final short APPLICATION = 0x00;
    private static final short LIST = 0x01;
    private static final short PRIVATE_KEY = 0xC1;
    private static final short PUBLIC_KEY = 0xC2;
    private static final short FILE_OBJECT = 0xC3;
    private static final short SECRET_KEY = 0xC4;
    private static final byte VERSION = 1;
    private static final short NAME = 32;
    /** "Gridcard IoT SAFE 1.0", filled up with zeros to the 32 bytes that clients reckon with. */
    private static final byte[] APPLET_NAME = {
            'G', 'r', 'i', 'd', 'c', 'a', 'r', 'd', ' ', 'I', 'o', 'T', ' ', 'S', 'A', 'F', 'E', ' ', '1', '.', '0'
    };
    private static final short LAST = 0x80;

    private final IotSafe applet;
    /** Where the next part of the object list begins; 0 when none is being read. */
    private final short[] listed;
    /** A public key that comes in pieces: index and 1 of its session, and how much is there. */
    private final byte[] putOwner;
    private final short[] putLength;
    private final byte[] put;

    Objects(IotSafe applet) {
        this.applet = applet;
        listed = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_RESET);
        putOwner = JCSystem.makeTransientByteArray((short) 1, JCSystem.CLEAR_ON_RESET);
        putLength = JCSystem.makeTransientShortArray((short) 1, JCSystem.CLEAR_ON_RESET);
        put = JCSystem.makeTransientByteArray(PublicKeyObject.ENCODED, JCSystem.CLEAR_ON_RESET);
    }

    void getRandom(APDU apdu) {
        Exchange.requireP1P2(apdu, (short) 0, (short) 0);
        short length = apdu.setOutgoing();
        if (length == 0 || length > Exchange.MOST) {
            ISOException.throwIt(ISO7816.SW_WRONG_LENGTH);
        }
        byte[] out = applet.exchange.out;
        applet.random.generateData(out, (short) 0, length);
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(out, (short) 0, length);
    }

    // ---- GET DATA

    void getData(APDU apdu) {
        short p1 = Exchange.p1(apdu);
        short p2 = Exchange.p2(apdu);
        if (p2 != 0 && (p1 != LIST || p2 != 1)) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        switch (p1) {
            case APPLICATION:
                describeApplication(apdu);
                return;
            case LIST:
                list(apdu, p2 == 1);
                return;
            case PRIVATE_KEY:
                describe(apdu, applet.privateKeys, PRIVATE);
                return;
            case PUBLIC_KEY:
                describe(apdu, applet.publicKeys, PUBLIC);
                return;
            case FILE_OBJECT:
                describe(apdu, applet.files, FILE);
                return;
            case SECRET_KEY:
                describe(apdu, applet.secretKeys, SECRET);
                return;
            default:
                ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
    }

    private void describeApplication(APDU apdu) {
        byte[] out = applet.exchange.out;
        boolean hasDerivation = applet.hmac.isThere((byte) 0);
        short at = StoredObject.emit(out, (short) 0, (byte) 0x10, VERSION);
        out[at++] = 0x11;
        out[at++] = (byte) NAME;
        Util.arrayFillNonAtomic(out, at, NAME, (byte) 0);
        Util.arrayCopyNonAtomic(APPLET_NAME, (short) 0, out, at, (short) APPLET_NAME.length);
        at += NAME;
        at = StoredObject.emit(out, at, (byte) 0xB1, (byte) applet.files.most());
        at = StoredObject.emit(out, at, (byte) 0xB2, (byte) applet.privateKeys.most());
        at = StoredObject.emit(out, at, (byte) 0xB3, (byte) applet.publicKeys.most());
        at = StoredObject.emit(out, at, (byte) 0xB4, (byte) applet.secretKeys.most());
        byte functions = (byte) (Words.FUNCTION_SIGNATURE | Words.FUNCTION_GENERATION | Words.FUNCTION_AGREEMENT);
        if (hasDerivation) {
            functions |= Words.FUNCTION_DERIVATION;
        }
        at = StoredObject.emit(out, at, (byte) 0x90, functions);
        out[at++] = Words.TAG_HASH;
        out[at++] = 2;
        out[at++] = 0;
        out[at++] = applet.hashes.supported();
        at = StoredObject.emit(out, at, Words.TAG_SIGNATURE_ALGORITHM, Words.ECDSA);
        at = StoredObject.emit(out, at, (byte) 0x93, Words.ECKA);
        at = StoredObject.emit(out, at, Words.TAG_DERIVATION,
                hasDerivation ? (byte) (Words.DERIVATION_PRF | Words.DERIVATION_HKDF) : (byte) 0);
        at = StoredObject.emit(out, at, (byte) 0xB7, (byte) Sessions.MOST);
        applet.exchange.send(apdu, out, at);
    }

    private void describe(APDU apdu, ObjectList objects, byte[] known) {
        byte[] work = applet.exchange.work;
        applet.tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), known);
        StoredObject object = objects.find(work, applet.tlvs);
        applet.exchange.send(apdu, applet.exchange.out, object.describe(applet.exchange.out, (short) 0));
    }

    /** All structures behind one another: private keys, public keys, secret keys, files. 6300 when there is more. */
    private void list(APDU apdu, boolean goesOn) {
        short from = goesOn ? listed[0] : 0;
        if (goesOn && from == 0) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        listed[0] = 0;
        short most = apdu.setOutgoing();
        if (most > Exchange.MOST_PART) {
            most = Exchange.MOST_PART;
        }
        short total = collect(applet.privateKeys, (short) 0, from, most);
        total = collect(applet.publicKeys, total, from, most);
        total = collect(applet.secretKeys, total, from, most);
        total = collect(applet.files, total, from, most);
        short left = (short) (total - from);
        short length = left < most ? left : most;
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(applet.exchange.out, (short) 0, length);
        if (length < left) {
            listed[0] = (short) (from + length);
            ISOException.throwIt(Words.SW_MORE_DATA);
        }
    }

    /** Copies what of these structures falls into the window that begins at {@code from}. @return where they end */
    private short collect(ObjectList objects, short at, short from, short most) {
        byte[] scratch = applet.exchange.scratch;
        for (short i = 0; i < objects.count(); i++) {
            short length = objects.at(i).describe(scratch, (short) 0);
            short skipped = at < from ? (short) (from - at) : 0;
            short to = (short) (at + skipped - from);
            if (skipped < length && to < most) {
                short piece = (short) (length - skipped) < (short) (most - to) ? (short) (length - skipped)
                        : (short) (most - to);
                Util.arrayCopyNonAtomic(scratch, skipped, applet.exchange.out, to, piece);
            }
            at += length;
        }
        return at;
    }

    // ---- files

    /** P1 P2 is the offset; an answer of no bytes is the end of the file. */
    void readFile(APDU apdu) {
        byte[] work = applet.exchange.work;
        short offset = Util.getShort(apdu.getBuffer(), ISO7816.OFFSET_P1);
        applet.tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), FILE);
        FileObject file = (FileObject) applet.files.find(work, applet.tlvs);
        file.requireAccess(Words.ACCESS_READ);
        file.requireActive();
        short left = (short) ((short) file.content.length - offset);
        if (offset < 0 || left < 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        if (left == 0) {
            return;
        }
        short most = apdu.setOutgoing();
        if (most > Exchange.MOST_PART) {
            most = Exchange.MOST_PART;
        }
        short length = left < most ? left : most;
        if (length == 0) {
            ISOException.throwIt(ISO7816.SW_CORRECT_LENGTH_00);
        }
        apdu.setOutgoingLength(length);
        apdu.sendBytesLong(file.content, offset, length);
    }

    // ---- key pairs and public keys

    void generateKeyPair(APDU apdu) {
        Exchange.requireP1P2(apdu, (short) 0, (short) 0);
        byte[] work = applet.exchange.work;
        applet.tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), PRIVATE);
        PrivateKeyObject key = (PrivateKeyObject) applet.privateKeys.find(work, applet.tlvs);
        key.requireAccess(Words.ACCESS_UPDATE);
        key.requireFunction(Words.FUNCTION_GENERATION);
        key.generate(applet.ecdsa.workKey(key), applet.exchange.scratch);
        applet.exchange.send(apdu, applet.exchange.out, key.emitPair(applet.exchange.out, (short) 0));
    }

    void readPublicKey(APDU apdu) {
        Exchange.requireP1P2(apdu, (short) 0, (short) 0);
        PublicKeyObject key = findPublicKey(apdu);
        key.requireAccess(Words.ACCESS_READ);
        key.requireActive();
        applet.exchange.send(apdu, applet.exchange.out, key.emitPoint(applet.exchange.out, (short) 0));
    }

    private PublicKeyObject findPublicKey(APDU apdu) {
        byte[] work = applet.exchange.work;
        applet.tlvs.parse(work, (short) 0, applet.exchange.receive(apdu), PUBLIC);
        return (PublicKeyObject) applet.publicKeys.find(work, applet.tlvs);
    }

    void putPublicKeyInit(APDU apdu) {
        short p1 = Exchange.p1(apdu);
        short number = Exchange.p2(apdu);
        if (p1 == 1) {
            applet.closeSession(applet.sessions.require(Sessions.PUT, number));
            return;
        }
        if (p1 != 0) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        PublicKeyObject key = findPublicKey(apdu);
        key.requireAccess(Words.ACCESS_UPDATE);
        short index = applet.sessions.open(Sessions.PUT, number, key, (byte) 0, (byte) 0);
        giveUpPut(index);
    }

    /** The key may come in pieces, one at a time; with the last one the session ends. */
    void putPublicKeyUpdate(APDU apdu) {
        short p1 = Exchange.p1(apdu);
        if (p1 != 0 && p1 != LAST) {
            ISOException.throwIt(ISO7816.SW_INCORRECT_P1P2);
        }
        short index = applet.sessions.require(Sessions.PUT, Exchange.p2(apdu));
        byte owner = (byte) (index + 1);
        if (putOwner[0] != owner) {
            if (putOwner[0] != 0) {
                ISOException.throwIt(Words.SW_CAPACITY);
            }
            putOwner[0] = owner;
            putLength[0] = 0;
        }
        boolean done = false;
        try {
            short length = applet.exchange.receive(apdu);
            if (length > (short) (PublicKeyObject.ENCODED - putLength[0])) {
                Tlvs.refuse();
            }
            putLength[0] = Util.arrayCopyNonAtomic(applet.exchange.work, (short) 0, put, putLength[0], length);
            if (p1 == LAST) {
                PublicKeyObject key = (PublicKeyObject) applet.sessions.object(index);
                key.put(put, PublicKeyObject.pointIn(put, (short) 0, putLength[0]));
                applet.closeSession(index);
            }
            done = p1 != LAST;
        } finally {
            if (!done) {
                giveUpPut(index);
            }
        }
    }

    void giveUpPut(short index) {
        if (putOwner[0] == (byte) (index + 1)) {
            putOwner[0] = 0;
        }
    }
}
