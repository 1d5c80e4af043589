import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useId, useState } from 'react'
import { messageOf } from '../api/errors.ts'
import { Icon, type IconName } from '../icons/icon.tsx'
import { Modal } from '../shell/modal.tsx'
import { codeName, confirmationCode, isConfirmed } from './confirmation.ts'

/** What an order to a meter says before, while and after. */
export interface OrderWords {
  readonly action: string
  readonly consequence: string
  readonly progress: string
  readonly done: string
  readonly refused: string
}

interface ConfirmDialogProps {
  serial: string
  /** Ends in a question mark. */
  title: string
  words: OrderWords
  icon: IconName
  tone: 'primary' | 'danger'
  order(): Promise<{ readonly done: boolean; readonly text: string }>
  onClose(): void
}

/** An order that goes out only after the end of the serial was typed, and what became of it. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { title, words, onClose } = props
  const client = useQueryClient()
  const order = useMutation({ mutationFn: props.order, onSettled: () => client.invalidateQueries() })
  const titleId = useId()
  const textId = useId()
  const isSettled = order.isSuccess || order.isError
  const isDone = order.data?.done === true
  return (
    <Modal labelledBy={titleId} describedBy={textId} isHeld={order.isPending} onClose={onClose}>
      <h2 id={titleId} className="modal-title">
        {isSettled ? (isDone ? words.done : words.refused) : title}
      </h2>
      {isSettled ? (
        <OrderResult
          textId={textId}
          isDone={isDone}
          text={order.data?.text ?? messageOf(order.error)}
          onAgain={() => order.reset()}
          onClose={onClose}
        />
      ) : (
        <OrderForm {...props} textId={textId} isPending={order.isPending} onConfirm={() => order.mutate()} />
      )}
    </Modal>
  )
}

interface OrderFormProps extends ConfirmDialogProps {
  textId: string
  isPending: boolean
  onConfirm(): void
}

function OrderForm({ serial, words, icon, tone, textId, isPending, onConfirm, onClose }: OrderFormProps) {
  const [typed, setTyped] = useState('')
  const [isWrong, setWrong] = useState(false)
  const hintId = useId()
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
          className={`button button-${tone}`}
          aria-disabled={isPending || !isConfirmed(serial, typed)}
        >
          <span className={isPending ? 'glyph turning' : 'glyph'}>
            <Icon name={isPending ? 'read' : icon} />
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

interface OrderResultProps {
  textId: string
  isDone: boolean
  text: string
  onAgain(): void
  onClose(): void
}

function OrderResult({ textId, isDone, text, onAgain, onClose }: OrderResultProps) {
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
