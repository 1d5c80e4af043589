import { useId } from 'react'
import { Modal } from './modal.tsx'
import { shortcuts } from './shortcuts.ts'
import { useShortcutsEnabled } from './use-shortcut.ts'

const plotKeys: readonly (readonly [keys: readonly string[], text: string])[] = [
  [['←', '→'], 'One value back or on'],
  [['Page Up', 'Page Down'], 'One day on or back'],
  [['Esc'], 'Leave the zoom'],
]

export function HelpDialog({ onClose }: { onClose(): void }) {
  const titleId = useId()
  const [enabled, setEnabled] = useShortcutsEnabled()
  return (
    <Modal labelledBy={titleId} onClose={onClose}>
      <h2 id={titleId} className="modal-title">
        Keyboard
      </h2>
      <dl className="keys">
        {shortcuts.map(({ key, text }) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <h3 className="keys-title">In a load profile</h3>
      <dl className="keys">
        {plotKeys.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label className="check">
        <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        Single-key shortcuts
      </label>
      <div className="modal-actions">
        {/* biome-ignore lint/a11y/noAutofocus: the way out of a dialog someone just opened */}
        <button type="button" className="button" autoFocus onClick={onClose}>
          Close
        </button>
      </div>
    </Modal>
  )
}
