import { nobleCrypto } from '../src/noble-provider.ts'
import { cryptoProviderSuite } from './crypto-provider.suite.ts'

cryptoProviderSuite('nobleCrypto', nobleCrypto, nobleCrypto.generateRsaKeyPair(1024, 65_537))
