package org.gridcard.cryptoprobe;

import javacard.framework.Util;
import javacard.security.AlgorithmParameterSpec;
import javacard.security.GenericSecretKey;
import javacard.security.KeyBuilder;
import javacard.security.SecretKey;
import javacard.framework.JCSystem;
import javacardx.security.derivation.KDFAnsiX963Spec;
import javacardx.security.derivation.KDFCounterModeSpec;
import javacardx.security.derivation.KDFDoublePipelineIterationModeSpec;
import javacardx.security.derivation.KDFFeedbackModeSpec;
import javacardx.security.derivation.KDFHmacSpec;
import javacardx.security.derivation.KDFIcaoMrtdSpec;
import javacardx.security.derivation.KDFIeee1363Spec;
import javacardx.security.derivation.TLSKDFExpandLabelSpec;
import javacardx.security.derivation.TLSPseudoRandomFunctionSpec;

/** What a command says about a derivation: algorithm, output length, counter length, then three byte strings, each behind its length. */
final class Parameters {
    byte algorithm;
    short wanted;
    short counterLength;
    byte[] secret;
    byte[] first;
    byte[] second;
    private final GenericSecretKey secretKey;

    Parameters() {
        secretKey = (GenericSecretKey) KeyBuilder.buildKey(KeyBuilder.TYPE_GENERIC_SECRET, (short) 1024, false);
    }

    void read(byte[] buffer, short at, short length) {
        algorithm = buffer[at++];
        wanted = (short) (buffer[at++] & 0xFF);
        counterLength = buffer[at++];
        secret = part(buffer, at);
        at += (short) (1 + secret.length);
        first = part(buffer, at);
        at += (short) (1 + first.length);
        second = part(buffer, at);
    }

    private static byte[] part(byte[] buffer, short at) {
        short length = (short) (buffer[at] & 0xFF);
        byte[] part = JCSystem.makeTransientByteArray(length, JCSystem.CLEAR_ON_RESET);
        Util.arrayCopyNonAtomic(buffer, (short) (at + 1), part, (short) 0, length);
        return part;
    }

    SecretKey key() {
        secretKey.setKey(secret, (short) 0, (short) secret.length);
        return secretKey;
    }

    AlgorithmParameterSpec of(short kind) {
        switch (kind) {
            case 1:
                return new CounterMode();
            case 2:
                return new DoublePipeline();
            case 3:
                return new Feedback();
            case 4:
            case 5:
                return new Tls();
            case 6:
                return new Ieee1363();
            case 7:
                return new Icao();
            case 8:
                return new X963();
            case 9:
                return new Hkdf();
            case 10:
                return new ExpandLabel();
            default:
                return null;
        }
    }

    private final class CounterMode implements KDFCounterModeSpec {
        public byte getAlgorithm() { return algorithm; }
        public SecretKey getSecret() { return key(); }
        public byte[] getInputDataBeforeCounter() { return first; }
        public byte[] getInputDataAfterCounter() { return second; }
        public short getOutputLength() { return wanted; }
        public short getCounterLength() { return counterLength; }
    }

    private final class DoublePipeline implements KDFDoublePipelineIterationModeSpec {
        public byte getAlgorithm() { return algorithm; }
        public SecretKey getSecret() { return key(); }
        public byte[] getInputData() { return first; }
        public short getOutputLength() { return wanted; }
        public short getCounterLength() { return counterLength; }
    }

    private final class Feedback implements KDFFeedbackModeSpec {
        public byte getAlgorithm() { return algorithm; }
        public SecretKey getSecret() { return key(); }
        public byte[] getInputData() { return first; }
        public byte[] getIV() { return second; }
        public short getOutputLength() { return wanted; }
        public short getCounterLength() { return counterLength; }
    }

    private final class Tls implements TLSPseudoRandomFunctionSpec {
        public SecretKey getSecret() { return key(); }
        public byte[] getSeed() { return first; }
    }

    private final class Ieee1363 implements KDFIeee1363Spec {
        public byte getAlgorithm() { return algorithm; }
        public byte[] getSecret() { return secret; }
        public byte[] getParameters() { return first; }
    }

    private final class Icao implements KDFIcaoMrtdSpec {
        public byte getAlgorithm() { return algorithm; }
        public byte[] getSecret() { return secret; }
        public byte[] getCounter() { return first; }
    }

    private final class X963 implements KDFAnsiX963Spec {
        public byte getAlgorithm() { return algorithm; }
        public byte[] getSecret() { return secret; }
        public byte[] getSharedInfo() { return first; }
        public short getOutputLength() { return wanted; }
    }

    private final class Hkdf implements KDFHmacSpec {
        public byte getAlgorithm() { return algorithm; }
        public byte[] getSecret() { return secret; }
        public byte[] getInfo() { return first; }
        public byte[] getSalt() { return second; }
        public short getOutputLength() { return wanted; }
    }

    private final class ExpandLabel implements TLSKDFExpandLabelSpec {
        public byte getAlgorithm() { return algorithm; }
        public byte[] getSecret() { return secret; }
        public short getLabelPrefix() { return LABEL_PREFIX_TLS13; }
        public byte[] getLabel() { return first; }
        public byte[] getContext() { return second; }
        public short getOutputLength() { return wanted; }
    }
}
