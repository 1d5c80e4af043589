import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import { BER_TAG_HIDDEN_BYTES, berTagMethods } from './javacardx-framework-tlv/ber-tag.ts'
import { berTlvMethods } from './javacardx-framework-tlv/ber-tlv.ts'
import { constructedBerTlvMethods } from './javacardx-framework-tlv/constructed-ber-tlv.ts'
import { BER_TLV_HIDDEN_BYTES, CONTENTS_HIDDEN_BYTES } from './javacardx-framework-tlv/tlv-objects.ts'
import { natives } from './native-call.ts'

/** javacardx.framework.tlv: BER-TLV objects, and TLVs in bytes. */
export const javacardxFrameworkTlv: NativeBinding = {
  package: 'javacardx/framework/tlv',
  methods: natives({
    ...reasonedException('javacardx/framework/tlv/TLVException'),
    ...berTagMethods,
    ...berTlvMethods,
    ...constructedBerTlvMethods,
  }),
  hiddenBytes: {
    BERTag: BER_TAG_HIDDEN_BYTES,
    BERTLV: BER_TLV_HIDDEN_BYTES,
    PrimitiveBERTLV: CONTENTS_HIDDEN_BYTES,
    ConstructedBERTLV: CONTENTS_HIDDEN_BYTES,
  },
  hiddenReferences: { BERTag: [], BERTLV: [0], PrimitiveBERTLV: [0], ConstructedBERTLV: [0] },
}
