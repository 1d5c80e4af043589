import type { GlobalCvm } from '../../globalplatform/cvm.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { byteAt, bytesOf, handleAt, type JcreMethod, natives, shortAt } from '../native-call.ts'
import { hiddenBytesOf, requireGlobalPlatform } from './entry-points.ts'

/** org.globalplatform.CVM. Hidden state: the CVM's number, and a 1. */
export const CVM_CLASS = 'gridcard/globalplatform/Cvm'
const CVM_SUCCESS = 0
const CVM_FAILURE = -1

function cvmOf(jcre: Jcre, at: number): { readonly cvm: GlobalCvm; readonly index: number } {
  const { cvm } = requireGlobalPlatform(jcre)
  return { cvm, index: hiddenBytesOf(jcre, handleAt(jcre, at), 1)[0]! }
}

/** For applications with CVM Management; others are told false. */
function managed(act: (cvm: GlobalCvm, index: number, jcre: Jcre, at: number) => boolean): JcreMethod {
  return (jcre, at) => {
    const { registry } = requireGlobalPlatform(jcre)
    const { cvm, index } = cvmOf(jcre, at)
    if (!registry.hasPrivilege(jcre.machine.owner, 'cvmManagement')) return 0
    return act(cvm, index, jcre, at) ? 1 : 0
  }
}

const asks =
  (ask: (cvm: GlobalCvm, index: number) => boolean): JcreMethod =>
  (jcre, at) => {
    const { cvm, index } = cvmOf(jcre, at)
    return ask(cvm, index) ? 1 : 0
  }

const valueAt = (jcre: Jcre, at: number) =>
  bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), byteAt(jcre, at + 3))

export const cvmImplementation: NativeImplementation = {
  id: 61,
  name: CVM_CLASS,
  interfaces: ['org/globalplatform/CVM'],
  hiddenBytes: 2,
  hiddenReferences: [],
  methods: natives({
    'isActive()Z': asks((cvm, index) => cvm.isActive(index)),
    'isSubmitted()Z': asks((cvm, index) => cvm.isSubmitted(index)),
    'isVerified()Z': asks((cvm, index) => cvm.isVerified(index)),
    'isBlocked()Z': asks((cvm, index) => cvm.isBlocked(index)),
    'getTriesRemaining()B': (jcre, at) => {
      const { cvm, index } = cvmOf(jcre, at)
      return cvm.tries(index)
    },
    'update([BSBB)Z': managed((cvm, index, jcre, at) => cvm.update(index, valueAt(jcre, at), byteAt(jcre, at + 4))),
    'resetState()Z': asks((cvm, index) => cvm.resetState(index)),
    'blockState()Z': managed((cvm, index) => cvm.block(index)),
    'resetAndUnblockState()Z': managed((cvm, index) => cvm.unblock(index)),
    'setTryLimit(B)Z': managed((cvm, index, jcre, at) => cvm.setTryLimit(index, byteAt(jcre, at + 1))),
    'verify([BSBB)S': (jcre, at) => {
      const { cvm, index } = cvmOf(jcre, at)
      return cvm.verify(index, valueAt(jcre, at), byteAt(jcre, at + 4)) ? CVM_SUCCESS : CVM_FAILURE
    },
  }),
}
