export { type SecurityModulePair, securityModuleSuite } from './security/security-module.suite.ts'
