export function BrandMark() {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M3 16.5 7 12.5 11 16.5V25H3zM12 9 16 5 20 9V25H12zM21 19.5 25 15.5 29 19.5V25H21zM3 27H29V29H3z" />
    </svg>
  )
}
