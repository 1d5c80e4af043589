import { equalBytes } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import type { CapFile, DirectoryComponent } from './cap-file.ts'
import { COMPONENT_TAGS, componentByTag } from './component-table.ts'

function mismatch(what: string, said: number, actual: number): never {
  throw new CapFormatError('CAP_DIRECTORY_MISMATCH', `Directory says ${said} for ${what}, there are ${actual}`, {
    component: 'Directory',
    source: 'JCVM 3.1 §6.5',
  })
}

function same(what: string, said: number | undefined, actual: number | undefined): void {
  if ((said ?? 0) !== (actual ?? 0)) mismatch(what, said ?? 0, actual ?? 0)
}

/**
 * Compares what Directory says with what is there. Descriptor, Debug, resources and custom components may be announced
 * and absent: that is the load form.
 *
 * @param said the Directory of the package
 * @param actual a Directory made from its components
 */
export function checkDirectory(said: DirectoryComponent, actual: DirectoryComponent, cap: CapFile): void {
  for (let tag = 1; tag <= COMPONENT_TAGS.descriptor; tag++) {
    if (tag === COMPONENT_TAGS.descriptor && !cap.descriptor) continue
    const what = `the size of ${componentByTag(tag)!.name}`
    same(what, said.componentSizesBytes[tag - 1], actual.componentSizesBytes[tag - 1])
  }
  // Format 2.1 has no place for the size of Debug.
  if (cap.debug && said.debugSizeBytes !== undefined) {
    same('the size of Debug', said.debugSizeBytes, actual.debugSizeBytes)
  }
  if (cap.staticResources) {
    same('the size of StaticResources', said.staticResourceSizeBytes, actual.staticResourceSizeBytes)
  }
  same('the static image size', said.staticFieldSize.imageSizeBytes, actual.staticFieldSize.imageSizeBytes)
  same('array initialisers', said.staticFieldSize.arrayInitCount, actual.staticFieldSize.arrayInitCount)
  same('array initialiser bytes', said.staticFieldSize.arrayInitSizeBytes, actual.staticFieldSize.arrayInitSizeBytes)
  same('imports', said.importCount, actual.importCount)
  same('applets', said.appletCount, actual.appletCount)
  same('method blocks', said.methodBlockCount, actual.methodBlockCount)
  for (const custom of actual.custom) {
    const found = said.custom.some((one) => {
      return one.tag === custom.tag && one.sizeBytes === custom.sizeBytes && equalBytes(one.aid, custom.aid)
    })
    if (!found) mismatch(`custom components with tag ${custom.tag}`, 0, custom.sizeBytes)
  }
}
