// One hand-drawn set on a 16 px grid, strokes of 1.5. The switch icons are the circuit symbols of a switch.
const drawings = {
  online: <path d="M3 8.5 6.5 12 13 4.5" />,
  new: <circle cx="8" cy="8" r="5.25" strokeDasharray="2.2 2" />,
  unreachable: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="m4.2 11.8 7.6-7.6" />
    </>
  ),
  refusing: (
    <>
      <path d="M8 1.75 13 3.5v4c0 3.2-2 5.6-5 6.75C5 13.1 3 10.7 3 7.5v-4z" />
      <path d="m6.1 5.9 3.8 3.8m0-3.8-3.8 3.8" />
    </>
  ),
  'switch-closed': (
    <>
      <path d="M1 8h3m8 0h3M5.5 8h5" />
      <circle cx="4.5" cy="8" r="1" fill="currentColor" />
      <circle cx="11.5" cy="8" r="1" fill="currentColor" />
    </>
  ),
  'switch-open': (
    <>
      <path d="M1 8h3m8 0h3M5.2 7.4l5.4-4" />
      <circle cx="4.5" cy="8" r="1" fill="currentColor" />
      <circle cx="11.5" cy="8" r="1" fill="currentColor" />
    </>
  ),
  'switch-ready': (
    <>
      <path d="M1 9h3m8 0h3M5.2 8.4l5.4-3.6" />
      <circle cx="4.5" cy="9" r="1" fill="currentColor" />
      <circle cx="11.5" cy="9" r="1" fill="currentColor" />
      <path d="M8 1v2.5" />
    </>
  ),
  info: <circle cx="8" cy="8" r="1.75" fill="currentColor" stroke="none" />,
  warning: (
    <>
      <path d="M8 2.25 14.5 13.5h-13z" />
      <path d="M8 6.5v3.25" />
      <circle cx="8" cy="11.6" r=".4" fill="currentColor" />
    </>
  ),
  alarm: (
    <>
      <path d="M5.2 1.75h5.6l3.45 3.45v5.6l-3.45 3.45H5.2L1.75 10.8V5.2z" />
      <path d="M8 4.75V8.5" />
      <circle cx="8" cy="10.9" r=".4" fill="currentColor" />
    </>
  ),
  search: (
    <>
      <circle cx="7" cy="7" r="4.25" />
      <path d="m10.2 10.2 3.8 3.8" />
    </>
  ),
  close: <path d="m4 4 8 8m0-8-8 8" />,
  back: <path d="M9.5 3.5 5 8l4.5 4.5" />,
  forward: <path d="M6.5 3.5 11 8l-4.5 4.5" />,
  up: <path d="M4 9.5 8 5.5l4 4" />,
  down: <path d="M4 6.5 8 10.5l4-4" />,
  read: (
    <>
      <path d="M13.2 6.4A5.5 5.5 0 0 0 3.3 5.2M2.8 9.6a5.5 5.5 0 0 0 9.9 1.2" />
      <path d="M3 2.25v3h3m7 8.5v-3h-3" />
    </>
  ),
  auto: (
    <>
      <circle cx="8" cy="8" r="5.25" />
      <path d="M8 2.75a5.25 5.25 0 0 1 0 10.5z" fill="currentColor" stroke="none" />
    </>
  ),
  light: (
    <>
      <circle cx="8" cy="8" r="2.75" />
      <path d="M8 1v1.5m0 11V15M1 8h1.5m11 0H15M3.05 3.05l1.05 1.05m7.8 7.8 1.05 1.05m0-9.9L11.9 4.1m-7.8 7.8-1.05 1.05" />
    </>
  ),
  dark: <path d="M13.25 9.75A5.75 5.75 0 0 1 6.25 2.75a5.75 5.75 0 1 0 7 7z" />,
} as const

export type IconName = keyof typeof drawings

/** Always beside a word, so hidden from assistive technology. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {drawings[name]}
    </svg>
  )
}
