import type { NativeBinding } from '../vm/link/native-library.ts'
import { reasonedException } from './card-exceptions.ts'
import { bioTemplateImplementation, buildBioTemplate } from './javacardx-biometry/bio-template.ts'
import { natives } from './native-call.ts'

/** javacardx.biometry: templates of type PASSWORD; BioBuilder refuses all others with NO_SUCH_BIO_TEMPLATE. */
export const javacardxBiometry: NativeBinding = {
  package: 'javacardx/biometry',
  methods: natives({
    ...reasonedException('javacardx/biometry/BioException'),
    'BioBuilder.buildBioTemplate(BB)Ljavacardx/biometry/OwnerBioTemplate;': buildBioTemplate(false),
    'BioBuilder.buildBioTemplate(BB[BB)Ljavacardx/biometry/OwnerBioTemplate;': buildBioTemplate(true),
  }),
  implementations: [bioTemplateImplementation],
}
