import { headend } from '../api/headend-client.ts'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { type SwitchTarget, switchWords } from './switch-order.ts'

export function SwitchDialog(props: { serial: string; target: SwitchTarget; onClose(): void }) {
  const { serial, target, onClose } = props
  const words = switchWords[target]
  return (
    <ConfirmDialog
      {...{ serial, words, onClose }}
      title={`${words.action} of ${serial}?`}
      icon={target === 'disconnected' ? 'switch-open' : 'switch-closed'}
      tone={target === 'disconnected' ? 'danger' : 'primary'}
      order={() => headend.switchSupply(serial, { to: target, confirmSerial: serial })}
    />
  )
}
