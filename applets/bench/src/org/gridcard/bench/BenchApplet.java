package org.gridcard.bench;

import javacard.framework.APDU;
import javacard.framework.Applet;
import javacard.framework.ISO7816;
import javacard.framework.ISOException;
import javacard.framework.JCSystem;
import javacard.framework.Util;
import javacard.security.AESKey;
import javacard.security.KeyBuilder;
import javacard.security.KeyPair;
import javacard.security.ECPublicKey;
import javacard.security.Signature;
import javacardx.crypto.Cipher;

/** What the benchmark runs: an echo, a loop of known length, single AES blocks and ECDSA signatures. */
public final class BenchApplet extends Applet {
    private static final byte INS_ECHO = (byte) 0x01;
    private static final byte INS_LOOP = (byte) 0x02;
    private static final byte INS_AES_BLOCKS = (byte) 0x03;
    private static final byte INS_ECDSA = (byte) 0x04;
    private static final byte INS_PUBLIC_KEY = (byte) 0x05;
    private static final short ARRAY_LENGTH = 64;
    private static final short BLOCK = 16;

    private final byte[] array;
    private final Cipher cipher;
    private final Signature signature;
    private final KeyPair pair;

    public static void install(byte[] parameters, short offset, byte length) {
        new BenchApplet().register();
    }

    private BenchApplet() {
        array = JCSystem.makeTransientByteArray(ARRAY_LENGTH, JCSystem.CLEAR_ON_DESELECT);
        AESKey key = (AESKey) KeyBuilder.buildKey(KeyBuilder.TYPE_AES, KeyBuilder.LENGTH_AES_128, false);
        key.setKey(array, (short) 0);
        cipher = Cipher.getInstance(Cipher.ALG_AES_BLOCK_128_ECB_NOPAD, false);
        cipher.init(key, Cipher.MODE_ENCRYPT);
        pair = new KeyPair(KeyPair.ALG_EC_FP, KeyBuilder.LENGTH_EC_FP_256);
        pair.genKeyPair();
        signature = Signature.getInstance(Signature.ALG_ECDSA_SHA_256, false);
        signature.init(pair.getPrivate(), Signature.MODE_SIGN);
    }

    public void process(APDU apdu) {
        if (selectingApplet()) {
            return;
        }
        byte[] buffer = apdu.getBuffer();
        switch (buffer[ISO7816.OFFSET_INS]) {
            case INS_ECHO:
                short length = apdu.setIncomingAndReceive();
                Util.arrayCopyNonAtomic(buffer, ISO7816.OFFSET_CDATA, buffer, (short) 0, length);
                apdu.setOutgoingAndSend((short) 0, length);
                break;
            case INS_LOOP:
                Util.arrayFillNonAtomic(array, (short) 0, ARRAY_LENGTH, (byte) 1);
                short sum = loop(array, Util.getShort(buffer, ISO7816.OFFSET_P1));
                Util.setShort(buffer, (short) 0, sum);
                apdu.setOutgoingAndSend((short) 0, (short) 2);
                break;
            case INS_AES_BLOCKS:
                apdu.setIncomingAndReceive();
                Util.arrayCopyNonAtomic(buffer, ISO7816.OFFSET_CDATA, array, (short) 0, BLOCK);
                encrypt(Util.getShort(buffer, ISO7816.OFFSET_P1));
                Util.arrayCopyNonAtomic(array, (short) 0, buffer, (short) 0, BLOCK);
                apdu.setOutgoingAndSend((short) 0, BLOCK);
                break;
            case INS_ECDSA:
                length = apdu.setIncomingAndReceive();
                length = signature.sign(buffer, ISO7816.OFFSET_CDATA, length, buffer, (short) 0);
                apdu.setOutgoingAndSend((short) 0, length);
                break;
            case INS_PUBLIC_KEY:
                length = ((ECPublicKey) pair.getPublic()).getW(buffer, (short) 0);
                apdu.setOutgoingAndSend((short) 0, length);
                break;
            default:
                ISOException.throwIt(ISO7816.SW_INS_NOT_SUPPORTED);
        }
    }

    /** The block over and over, each time what came out. */
    private void encrypt(short times) {
        for (short i = 0; i < times; i++) {
            cipher.doFinal(array, (short) 0, BLOCK, array, (short) 0);
        }
    }

    /** One turn is 26 instructions: short arithmetic, a byte array read and written, two branches. */
    private static short loop(byte[] array, short turns) {
        short sum = 0;
        short i = 0;
        while (i < turns) {
            short at = (short) (i & 63);
            short value = array[at];
            sum = (short) ((short) (sum + (short) (value * 3)) ^ i);
            array[at] = (byte) sum;
            i++;
        }
        return sum;
    }
}
