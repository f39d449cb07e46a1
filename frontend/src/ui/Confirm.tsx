import type { ReactNode } from 'react'
import { useText } from '@/i18n'
import { Button } from './Button'
import { Dialog } from './Dialog'

interface Props {
  title: string
  children: ReactNode
  action: string
  isOpen: boolean
  isPending?: boolean
  onConfirm: () => void
  onClose: () => void
}

/** Asks before something that cannot be taken back; the button says what it does. */
export function Confirm({ title, children, action, isOpen, isPending, onConfirm, onClose }: Props) {
  const text = useText().shell
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose} role="alertdialog" width="26rem">
      <div>{children}</div>
      <div className="dialog-foot">
        <Button onPress={onClose} autoFocus>
          {text.keep}
        </Button>
        <Button kind="danger" isPending={isPending} onPress={onConfirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
