import type { CSSProperties, ReactNode } from 'react'
import { Dialog as AriaDialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { useText } from '@/i18n'
import { IconButton } from './Button'

interface Props {
  title: string
  isOpen: boolean
  /** Absent: the dialog cannot be dismissed. */
  onClose?: () => void
  width?: string
  role?: 'dialog' | 'alertdialog'
  children: ReactNode
}

/** A modal dialog; focus goes in, stays in, and returns to where it was. */
export function Dialog({ title, isOpen, onClose, width, role, children }: Props) {
  const text = useText().shell
  const style = width ? ({ '--modal-width': width } as CSSProperties) : undefined
  return (
    <ModalOverlay
      className="scrim"
      isOpen={isOpen}
      onOpenChange={(open) => !open && onClose?.()}
      isDismissable={Boolean(onClose) && role !== 'alertdialog'}
      isKeyboardDismissDisabled={!onClose}
    >
      <Modal className="modal" style={style}>
        <AriaDialog className="dialog" role={role}>
          <div className="dialog-head">
            <Heading slot="title" level={2}>
              {title}
            </Heading>
            {onClose && <IconButton icon="close" label={text.close} size="small" onPress={onClose} />}
          </div>
          {children}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  )
}
