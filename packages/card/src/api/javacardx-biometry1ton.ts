import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import { bioMatcherImplementation, buildBioMatcher } from './javacardx-biometry/bio-matcher.ts'
import { bioTemplateDataImplementation, buildBioTemplateData } from './javacardx-biometry/bio-template-data.ts'
import { natives } from './native-call.ts'

/** javacardx.biometry1toN: type PASSWORD; Bio1toNBuilder refuses all others with UNSUPPORTED_BIO_TYPE. */
export const javacardxBiometry1toN: NativeBinding = {
  package: 'javacardx/biometry1toN',
  methods: natives({
    ...reasonedException('javacardx/biometry1toN/Bio1toNException'),
    'Bio1toNBuilder.buildBioMatcher(SBB)Ljavacardx/biometry1toN/OwnerBioMatcher;': buildBioMatcher(false),
    'Bio1toNBuilder.buildBioMatcher(SBB[BB)Ljavacardx/biometry1toN/OwnerBioMatcher;': buildBioMatcher(true),
    'Bio1toNBuilder.buildBioTemplateData(B)Ljavacardx/biometry1toN/OwnerBioTemplateData;': buildBioTemplateData(false),
    'Bio1toNBuilder.buildBioTemplateData(B[B)Ljavacardx/biometry1toN/OwnerBioTemplateData;': buildBioTemplateData(true),
  }),
  implementations: [bioMatcherImplementation, bioTemplateDataImplementation],
}
