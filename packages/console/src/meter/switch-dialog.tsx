import type { SwitchOutcome } from '@gridcard/headend/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { messageOf } from '../api/errors.ts'
import { headend } from '../api/headend-client.ts'
import { Icon } from '../icons/icon.tsx'
import { Modal } from '../shell/modal.tsx'
import { codeName, confirmationCode, isConfirmed, type SwitchTarget, switchWords } from './switch-order.ts'

interface SwitchDialogProps {
  serial: string
  target: SwitchTarget
  onClose(): void
}

export function SwitchDialog({ serial, target, onClose }: SwitchDialogProps) {
  const client = useQueryClient()
  const order = useMutation({
    mutationFn: () => headend.switchSupply(serial, { to: target, confirmSerial: serial }),
    onSettled: () => client.invalidateQueries(),
  })
  const titleId = useId()
  const textId = useId()
  const isSettled = order.isSuccess || order.isError
  return (
    <Modal labelledBy={titleId} describedBy={textId} isHeld={order.isPending} onClose={onClose}>
      <h2 id={titleId} className="modal-title">
        {isSettled ? titleOf(target, order.data) : `${switchWords[target].action} of ${serial}?`}
      </h2>
      {isSettled ? (
        <SwitchResult
          textId={textId}
          isDone={order.data?.done === true}
          text={order.data?.text ?? messageOf(order.error)}
          onAgain={() => order.reset()}
          onClose={onClose}
        />
      ) : (
        <SwitchForm
          {...{ serial, target, textId, onClose }}
          isPending={order.isPending}
          onConfirm={() => order.mutate()}
        />
      )}
    </Modal>
  )
}

function titleOf(target: SwitchTarget, outcome: SwitchOutcome | undefined): string {
  return outcome?.done === true ? switchWords[target].done : switchWords[target].refused
}

interface SwitchFormProps extends SwitchDialogProps {
  textId: string
  isPending: boolean
  onConfirm(): void
}

function SwitchForm({ serial, target, textId, isPending, onConfirm, onClose }: SwitchFormProps) {
  const [typed, setTyped] = useState('')
  const [isWrong, setWrong] = useState(false)
  const hintId = useId()
  const words = switchWords[target]
  const onSubmit = (event: FormEvent) => {
    event.preventDefault()
    if (isPending) return
    if (isConfirmed(serial, typed)) onConfirm()
    else setWrong(true)
  }
  return (
    <form onSubmit={onSubmit}>
      <p id={textId} className="modal-text">
        {words.consequence}
      </p>
      <label className="field">
        <span className="field-label">
          To confirm, type the {codeName(serial)} of the serial: <SerialWithCode serial={serial} />
        </span>
        <input
          // biome-ignore lint/a11y/noAutofocus: the one field of a dialog someone just opened
          autoFocus
          className="code-input"
          value={typed}
          maxLength={confirmationCode(serial).length}
          inputMode={/^\d+$/.test(confirmationCode(serial)) ? 'numeric' : 'text'}
          autoComplete="off"
          spellCheck={false}
          readOnly={isPending}
          aria-invalid={isWrong}
          aria-describedby={hintId}
          onChange={(event) => {
            setTyped(event.target.value)
            setWrong(false)
          }}
        />
      </label>
      <p id={hintId} className="field-hint" role="status" data-tone={isWrong ? 'alarm' : undefined}>
        {isPending ? `${words.progress}.` : isWrong ? `These are not the ${codeName(serial)} of ${serial}.` : ''}
      </p>
      <div className="modal-actions">
        <button type="button" className="button" disabled={isPending} onClick={onClose}>
          Cancel
        </button>
        <button
          type="submit"
          className={target === 'disconnected' ? 'button button-danger' : 'button button-primary'}
          aria-disabled={isPending || !isConfirmed(serial, typed)}
        >
          <span className={isPending ? 'glyph turning' : 'glyph'}>
            <Icon name={isPending ? 'read' : target === 'disconnected' ? 'switch-open' : 'switch-closed'} />
          </span>
          {words.action}
        </button>
      </div>
    </form>
  )
}

function SerialWithCode({ serial }: { serial: string }) {
  const code = confirmationCode(serial)
  return (
    <span className="figure">
      {serial.slice(0, serial.length - code.length)}
      <strong>{code}</strong>
    </span>
  )
}

interface SwitchResultProps {
  textId: string
  isDone: boolean
  text: string
  onAgain(): void
  onClose(): void
}

function SwitchResult({ textId, isDone, text, onAgain, onClose }: SwitchResultProps) {
  return (
    <>
      <p id={textId} className="modal-text mark" role="status" data-tone={isDone ? 'normal' : 'alarm'}>
        <Icon name={isDone ? 'online' : 'warning'} />
        {text}
      </p>
      <div className="modal-actions">
        {!isDone && (
          <button type="button" className="button" onClick={onAgain}>
            Try again
          </button>
        )}
        {/* biome-ignore lint/a11y/noAutofocus: the button that had focus is gone, and focus must not fall out of the dialog */}
        <button type="button" className="button button-primary" autoFocus onClick={onClose}>
          Close
        </button>
      </div>
    </>
  )
}
