import { type ReactNode, useEffect, useRef } from 'react'

interface ModalProps {
  labelledBy: string
  describedBy?: string
  /** Escape and the backdrop do nothing while this is true. */
  isHeld?: boolean
  onClose(): void
  children: ReactNode
}

/** A real modal dialog: focus is kept inside, Escape closes, focus goes back where it came from. */
export function Modal({ labelledBy, describedBy, isHeld = false, onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)

  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      // The dialog leaves the page together with its own memory of who opened it.
      if (opener instanceof HTMLElement) opener.focus()
    }
  }, [])

  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the click is on the backdrop; the key for it is Escape, onCancel
    <dialog
      ref={dialog}
      className="modal"
      aria-labelledby={labelledBy}
      aria-describedby={describedBy}
      onCancel={(event) => {
        event.preventDefault()
        if (!isHeld) onClose()
      }}
      onClick={(event) => {
        if (event.target === dialog.current && !isHeld) onClose()
      }}
    >
      <div className="modal-body">{children}</div>
    </dialog>
  )
}
