import { nodeCrypto } from '../src/node-provider.ts'
import { cryptoProviderSuite } from './crypto-provider.suite.ts'

cryptoProviderSuite('nodeCrypto', nodeCrypto, nodeCrypto.generateRsaKeyPair(1024, 65_537))
