import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

/** What a card's host can do wrong, or what can happen to a card. Each code is explained in docs/errors.md. */
export type CardErrorCode =
  // the image and its store
  | 'CARD_BAD_PROFILE'
  | 'CARD_IMAGE_MISSING'
  | 'CARD_IMAGE_CORRUPT'
  | 'CARD_IMAGE_OTHER_PROFILE'
  | 'CARD_IMAGE_VERSION'
  | 'CARD_POWER_CUT'
  | 'CARD_NOT_POWERED'
  | 'CARD_BUSY'
  | 'CARD_MEMORY_FULL'
  | 'CARD_HANDLES_FULL'
  | 'CARD_HOST_UNSUPPORTED'
  // loading and linking a package
  | 'CARD_PACKAGE_EXISTS'
  | 'CARD_PACKAGE_LIMIT'
  | 'CARD_PACKAGE_UNVERIFIED'
  | 'CARD_IMPORT_MISSING'
  | 'CARD_LINK_CLASS_MISSING'
  | 'CARD_LINK_METHOD_MISSING'
  | 'CARD_LINK_FIELD_MISSING'
  | 'CARD_LINK_BAD_REFERENCE'
  | 'CARD_LINK_BAD_CLASS'
  | 'CARD_LINK_BAD_CODE'
  | 'CARD_LINK_TOO_LARGE'
  // installing an applet
  | 'CARD_INSTALL_REFUSED'
  // the applets on the card
  | 'CARD_NO_SUCH_APPLET'
  | 'CARD_DELETE_REFUSED'
  | 'CARD_UPGRADE_REFUSED'

/**
 * A card that cannot be made or opened, a package it cannot take, an applet it refused. Refusals inside a command are
 * status words, never this. `place` names package, class, method and offset where it can.
 */
export class CardError extends GridcardError {
  declare readonly code: CardErrorCode
  constructor(code: CardErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
