import { formatFigure, formatQuantity } from './energy.ts'

/** Sizes of card memory: bytes up to 10 000, then kB (thousands) with one decimal. */
export function formatByteSize(sizeBytes: number): string {
  if (sizeBytes < 10_000) return formatQuantity({ figure: formatFigure(sizeBytes, 0), unit: 'bytes' })
  return formatQuantity({ figure: formatFigure(sizeBytes / 1000, 1), unit: 'kB' })
}

/** `F04752494443` -> `F0 47 52 49 44 43`, easier to compare by eye. */
export const spacedHex = (hex: string): string => (hex.match(/.{1,2}/g) ?? []).join(' ').toUpperCase()
