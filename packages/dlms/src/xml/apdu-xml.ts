import { ByteWriter, equalBytes, GridcardError } from '@gridcard/bytes'
import type { CosemData } from '../cosem/cosem-data.ts'
import { emitData, parseData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { acseNode, acseOctets, isAcseName, isAcseTag } from './acse-xml.ts'
import type { Asn1Type } from './asn1-type.ts'
import { elementOf, notWritable, readXml, writeXml } from './axdr-xml.ts'
import { data, xdlmsApdu } from './cosem-pdu-types.ts'
import { emitXml, node, parseXml, type XmlNode } from './xml-node.ts'
import { malformed } from './xml-text.ts'

/** The namespace of the DLMS User Association's schema. */
const COSEM_PDU = 'http://www.dlms.com/COSEMpdu'

/**
 * An APDU in the XML of the DLMS User Association (COSEMpdu): `xDLMS-APDU` or `aCSE-APDU`, in it the names of the
 * standard's ASN.1, octets in hex. Everything that is in the APDU is in it, passwords and keys too. What is ciphered
 * stays so.
 * @throws DlmsError `DLMS_MALFORMED`; `DLMS_NOT_REPRESENTABLE` where the XML would not give the same octets back
 * @source Green Book ed. 9 §9.6
 */
export function apduXml(octets: Uint8Array): string {
  const root = isAcseTag(octets[0])
    ? node('aCSE-APDU', [parseExactly('ACSE APDU', octets, (reader) => acseNode(reader.rest()))])
    : elementOf(
        'xDLMS-APDU',
        parseExactly('xDLMS APDU', octets, (reader) => readXml(reader, xdlmsApdu)),
      )
  if (!equalBytes(octetsOf(root), octets)) throw notWritable('a length or number that is longer than it need be')
  return emitXml({ ...root, attributes: { xmlns: COSEM_PDU } })
}

/**
 * The octets of an APDU that is written so, with any prefix of the namespace, and with or without the outermost element.
 * @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED`
 */
export function apduOfXml(source: string): Uint8Array {
  const root = parseXml(source)
  const namespace =
    root.attributes['xmlns'] ?? Object.entries(root.attributes).find(([key]) => key.startsWith('xmlns:'))?.[1]
  if (namespace !== undefined && namespace !== COSEM_PDU) throw malformed('of the namespace of COSEM PDUs')
  return octetsOf(root)
}

function octetsOf(root: XmlNode): Uint8Array {
  const [inside, ...more] = root.name === 'xDLMS-APDU' || root.name === 'aCSE-APDU' ? root.children : [root]
  if (inside === undefined || more.length > 0) throw malformed('one APDU')
  if (isAcseName(inside.name)) return acseOctets(inside)
  return written(xdlmsApdu, node('xDLMS-APDU', [inside]))
}

/** A value in the same XML, its element called after its type. */
export function dataXml(value: CosemData): string {
  const { children } = parseExactly('value', emitData(value), (reader) => readXml(reader, data))
  return children.map((child) => emitXml(child)).join('')
}

/** @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED` */
export const dataOfXml = (source: string): CosemData => parseData(written(data(), node('Data', [parseXml(source)])))

function written(type: Asn1Type, from: XmlNode): Uint8Array {
  const writer = new ByteWriter()
  try {
    writeXml(writer, type, from)
    return writer.toBytes()
  } catch (error) {
    if (error instanceof DlmsError || !(error instanceof GridcardError)) throw error
    throw new DlmsError('DLMS_MALFORMED', 'XML: not an APDU', {}, { cause: error })
  }
}
