package org.gridcard.iotsafe;

import javacard.framework.AID;
import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.MultiSelectable;
import javacard.framework.Shareable;
import javacard.framework.Util;
import javacard.security.CryptoException;
import javacard.security.RandomData;
import org.globalplatform.Application;
import org.globalplatform.GPSystem;
import org.globalplatform.SecureChannel;

/**
 * The IoT SAFE applet: keys and certificates of a device for TLS, in a store whose objects, names and access conditions
 * are settled at personalisation. The APDUs stand in this folder's README.
 *
 * @source GSMA IoT.05 version 1
 */
public final class IotSafe extends Applet implements MultiSelectable, Application {
    private static final byte INS_PUT_PUBLIC_KEY_INIT = (byte) 0x24;
    private static final byte INS_COMPUTE_SIGNATURE_INIT = (byte) 0x2A;
    private static final byte INS_COMPUTE_SIGNATURE_UPDATE = (byte) 0x2B;
    private static final byte INS_VERIFY_SIGNATURE_INIT = (byte) 0x2C;
    private static final byte INS_VERIFY_SIGNATURE_UPDATE = (byte) 0x2D;
    private static final byte INS_COMPUTE_DH = (byte) 0x46;
    private static final byte INS_COMPUTE_PRF = (byte) 0x48;
    private static final byte INS_COMPUTE_HKDF = (byte) 0x4A;
    private static final byte INS_INITIALIZE_UPDATE = (byte) 0x50;
    private static final byte INS_EXTERNAL_AUTHENTICATE = (byte) 0x82;
    private static final byte INS_GET_RANDOM = (byte) 0x84;
    private static final byte INS_READ_FILE = (byte) 0xB0;
    private static final byte INS_GENERATE_KEY_PAIR = (byte) 0xB9;
    private static final byte INS_GET_DATA = (byte) 0xCB;
    private static final byte INS_READ_PUBLIC_KEY = (byte) 0xCD;
    private static final byte INS_PUT_PUBLIC_KEY_UPDATE = (byte) 0xD8;
    private static final byte INS_STORE_DATA = (byte) 0xE2;

    /** Flags of the installation data. */
    private static final byte FLAG_CLEAR = 1;
    private static final byte FLAG_SHORT_SIGNATURE_LENGTH = 2;
    private static final byte FLAGS = FLAG_CLEAR | FLAG_SHORT_SIGNATURE_LENGTH;
    private static final short MOST_OBJECTS = 32;
    private static final short DEFAULT_FILES = 8;
    private static final short DEFAULT_KEYS = 4;

    /** In place of a session, for a hash that is used within one command. */
    static final short NO_SESSION = 100;

    final Exchange exchange;
    final Tlvs tlvs;
    final ObjectList files;
    final ObjectList privateKeys;
    final ObjectList publicKeys;
    final ObjectList secretKeys;
    final Sessions sessions;
    final Hashes hashes;
    final Ecdsa ecdsa;
    final Hmac hmac;
    final RandomData random;
    /** Signatures with one byte of length: for clients that know no other form. */
    final boolean hasShortSignatureLength;
    private final boolean takesClear;
    private final Objects objects;
    private final Signatures signatures;
    private final Derivation derivation;
    private final Personalisation personalisation;

    /**
     * Installation data: none, or flags (1: STORE DATA in clear, on a bench; 2: signatures with one byte of length) and the
     * most files, private keys, public keys and secret keys.
     */
    public static void install(byte[] parameters, short offset, byte length) {
        short aidLength = (short) (parameters[offset] & 0xFF);
        short at = (short) (offset + 1 + aidLength);
        at = (short) (at + 1 + (parameters[at] & 0xFF));
        short count = (short) (parameters[at] & 0xFF);
        IotSafe applet = new IotSafe(parameters, (short) (at + 1), count);
        if (aidLength == 0) {
            applet.register();
        } else {
            applet.register(parameters, (short) (offset + 1), (byte) aidLength);
        }
    }

    private IotSafe(byte[] parameters, short offset, short length) {
        if (length != 0 && length != 5) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        byte flags = length == 0 ? 0 : parameters[offset];
        if ((byte) (flags & ~FLAGS) != 0) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        takesClear = (flags & FLAG_CLEAR) != 0;
        hasShortSignatureLength = (flags & FLAG_SHORT_SIGNATURE_LENGTH) != 0;
        boolean isDefault = length == 0;
        files = new ObjectList(isDefault ? DEFAULT_FILES : most(parameters, (short) (offset + 1)), Words.TAG_FILE_ID,
                Words.TAG_FILE_LABEL);
        privateKeys = new ObjectList(isDefault ? DEFAULT_KEYS : most(parameters, (short) (offset + 2)),
                Words.TAG_PRIVATE_ID, Words.TAG_PRIVATE_LABEL);
        publicKeys = new ObjectList(isDefault ? DEFAULT_KEYS : most(parameters, (short) (offset + 3)),
                Words.TAG_PUBLIC_ID, Words.TAG_PUBLIC_LABEL);
        secretKeys = new ObjectList(isDefault ? DEFAULT_KEYS : most(parameters, (short) (offset + 4)),
                Words.TAG_SECRET_ID, Words.TAG_SECRET_LABEL);
        exchange = new Exchange();
        tlvs = new Tlvs();
        sessions = new Sessions();
        hashes = new Hashes();
        ecdsa = new Ecdsa();
        hmac = new Hmac(hashes);
        random = RandomData.getInstance(RandomData.ALG_SECURE_RANDOM);
        objects = new Objects(this);
        signatures = new Signatures(this);
        derivation = new Derivation(this);
        personalisation = new Personalisation(this);
    }

    private static short most(byte[] parameters, short at) {
        short most = (short) (parameters[at] & 0xFF);
        if (most > MOST_OBJECTS) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        }
        return most;
    }

    // ---- selection

    public boolean select() {
        closeAll(false);
        return true;
    }

    public void deselect() {
        closeAll(false);
    }

    public boolean select(boolean isActiveElsewhere) {
        closeAll(isActiveElsewhere);
        return true;
    }

    public void deselect(boolean isActiveElsewhere) {
        closeAll(isActiveElsewhere);
    }

    private void closeAll(boolean onlyThisChannel) {
        for (short i = 0; i < sessions.count(); i++) {
            if (!onlyThisChannel || sessions.isOfThisChannel(i)) {
                closeSession(i);
            }
        }
    }

    void closeSession(short index) {
        giveUpText(index);
        objects.giveUpPut(index);
        sessions.close(index);
    }

    void giveUpText(short index) {
        for (byte hash = 0; hash < 3; hash++) {
            hashes.release(hash, index);
        }
    }

    // ---- commands

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        byte ins = buffer[ISO7816.OFFSET_INS];
        try {
            if (ins == INS_STORE_DATA || ins == INS_INITIALIZE_UPDATE || ins == INS_EXTERNAL_AUTHENTICATE) {
                personalise(apdu, ins);
                return;
            }
            requireClass(buffer[ISO7816.OFFSET_CLA]);
            if (!tell(apdu, ins) && !work(apdu, ins)) {
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
            }
        } catch (CryptoException e) {
            short reason = e.getReason();
            ISOException.throwIt(reason == CryptoException.ILLEGAL_VALUE ? ISO7816.SW_WRONG_DATA
                    : reason == CryptoException.NO_SUCH_ALGORITHM ? ISO7816.SW_FUNC_NOT_SUPPORTED
                    : ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        } finally {
            exchange.wipe();
        }
    }

    /** Proprietary or, as one client has it, interindustry; any channel; no secure messaging, no chaining. */
    private static void requireClass(byte cla) {
        short bits = (short) (cla & 0x7F);
        if (bits > 3 && (bits < 0x40 || bits > 0x4F)) {
            ISOException.throwIt(ISO7816.SW_CLA_NOT_SUPPORTED);
        }
    }

    /** At any time, for the production line, too. */
    private boolean tell(APDU apdu, byte ins) {
        switch (ins) {
            case INS_GET_RANDOM:
                objects.getRandom(apdu);
                return true;
            case INS_GET_DATA:
                objects.getData(apdu);
                return true;
            case INS_READ_FILE:
                objects.readFile(apdu);
                return true;
            case INS_READ_PUBLIC_KEY:
                objects.readPublicKey(apdu);
                return true;
            default:
                return false;
        }
    }

    /** When personalisation has ended. */
    private boolean work(APDU apdu, byte ins) {
        boolean isSigning = ins >= INS_COMPUTE_SIGNATURE_INIT && ins <= INS_VERIFY_SIGNATURE_UPDATE;
        boolean isKnown = isSigning || ins == INS_COMPUTE_DH || ins == INS_COMPUTE_PRF || ins == INS_COMPUTE_HKDF
                || ins == INS_GENERATE_KEY_PAIR || ins == INS_PUT_PUBLIC_KEY_INIT || ins == INS_PUT_PUBLIC_KEY_UPDATE;
        if (isKnown && !personalisation.isDone()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        switch (ins) {
            case INS_COMPUTE_SIGNATURE_INIT:
                signatures.init(apdu, false);
                return true;
            case INS_COMPUTE_SIGNATURE_UPDATE:
                signatures.update(apdu, false);
                return true;
            case INS_VERIFY_SIGNATURE_INIT:
                signatures.init(apdu, true);
                return true;
            case INS_VERIFY_SIGNATURE_UPDATE:
                signatures.update(apdu, true);
                return true;
            case INS_COMPUTE_DH:
                derivation.dh(apdu);
                return true;
            case INS_COMPUTE_PRF:
                derivation.prf(apdu);
                return true;
            case INS_COMPUTE_HKDF:
                derivation.hkdf(apdu);
                return true;
            case INS_GENERATE_KEY_PAIR:
                objects.generateKeyPair(apdu);
                return true;
            case INS_PUT_PUBLIC_KEY_INIT:
                objects.putPublicKeyInit(apdu);
                return true;
            case INS_PUT_PUBLIC_KEY_UPDATE:
                objects.putPublicKeyUpdate(apdu);
                return true;
            default:
                return false;
        }
    }

    // ---- personalisation

    /** With the applet selected: in clear if it was installed so, else in a secure channel of its security domain. */
    private void personalise(APDU apdu, byte ins) {
        byte[] buffer = apdu.getBuffer();
        if (personalisation.isDone()) {
            ISOException.throwIt(ISO7816.SW_CONDITIONS_NOT_SATISFIED);
        }
        if (ins != INS_STORE_DATA) {
            short length = GPSystem.getSecureChannel().processSecurity(apdu);
            apdu.setOutgoingAndSend(ISO7816.OFFSET_CDATA, length);
            return;
        }
        short length = (short) (ISO7816.OFFSET_CDATA + apdu.setIncomingAndReceive());
        if (takesClear && !apdu.isSecureMessagingCLA()) {
            personalisation.store(buffer, ISO7816.OFFSET_CDATA, (short) (length - ISO7816.OFFSET_CDATA), true);
            apdu.setOutgoingAndSend((short) 0, answerOfPersonalisation(buffer));
            return;
        }
        SecureChannel channel = GPSystem.getSecureChannel();
        byte level = channel.getSecurityLevel();
        if ((level & SecureChannel.AUTHENTICATED) == 0 || (level & SecureChannel.C_MAC) == 0) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        length = channel.unwrap(buffer, (short) 0, length);
        personalisation.store(buffer, ISO7816.OFFSET_CDATA, (short) (length - ISO7816.OFFSET_CDATA),
                (level & SecureChannel.C_DECRYPTION) != 0);
        length = answerOfPersonalisation(buffer);
        if ((level & SecureChannel.R_MAC) != 0) {
            Util.setShort(buffer, length, ISO7816.SW_NO_ERROR);
            length = channel.wrap(buffer, (short) 0, (short) (length + 2));
        }
        apdu.setOutgoingAndSend((short) 0, length);
    }

    /** A public key that was made just now: whoever certifies it wants to hear it from us. @return its length */
    private short answerOfPersonalisation(byte[] buffer) {
        return Util.arrayCopyNonAtomic(exchange.out, (short) 0, buffer, (short) 0, personalisation.answerLength());
    }

    /** STORE DATA that the security domain has checked and hands on, header first. Whoever else calls is sent away. */
    public void processData(byte[] buffer, short offset, short length) {
        byte level = GPSystem.getSecureChannel().getSecurityLevel();
        if (JCSystem.getPreviousContextAID() != null && (level & SecureChannel.AUTHENTICATED) == 0) {
            ISOException.throwIt(ISO7816.SW_SECURITY_STATUS_NOT_SATISFIED);
        }
        try {
            personalisation.store(buffer, (short) (offset + ISO7816.OFFSET_CDATA),
                    (short) (length - ISO7816.OFFSET_CDATA), (level & SecureChannel.C_DECRYPTION) != 0);
        } catch (CryptoException e) {
            ISOException.throwIt(ISO7816.SW_WRONG_DATA);
        } finally {
            exchange.wipe();
        }
    }

    public Shareable getShareableInterfaceObject(AID client, byte parameter) {
        return parameter == 0 ? this : null;
    }
}
