import { type CardProfile, cardProfile } from '@gridcard/card'

const { globalPlatform: _, ...profile } = cardProfile('developer')

/** The developer card as a bare Java Card, without a card manager: applets are put on it without asking. */
export const developerCardProfile: CardProfile = profile
