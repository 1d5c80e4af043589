export { createCertificateTool } from './certificates/asn1-certificate-tool.ts'
