import type { StaticKeys } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'

/** The folder of a line. Paths have slashes and begin in it. */
export interface LineFiles {
  read(path: string): string | undefined
  readBytes(path: string): Uint8Array | undefined
  /** The whole file or the old one, whatever happens; `secret` is for its owner's eyes only. */
  write(path: string, content: string | Uint8Array, access: 'secret' | 'public'): void
  append(path: string, text: string): void
  /** Everything written so far outlives a power cut. */
  flush(): void
}

/** Cards for the line: real ones of this project, or whatever else makes them. */
export interface LineCards {
  /** A blank card whose issuer security domain has these keys; its image is asked for at the end. */
  create(issuerKeys: StaticKeys & { readonly diversificationData: Uint8Array }): {
    readonly link: CardLink
    image(): Uint8Array
  }
  /** The card of an image; what happens to it is nobody's memory. */
  look(image: Uint8Array): CardLink
  /** The card of a file, which it writes to. */
  open(path: string): { readonly link: CardLink; close(): void }
}
