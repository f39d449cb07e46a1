import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { Popover } from 'react-aria-components'
import { forgetQueue } from '@/api/apply'
import { archiveUrl, deleteQueue } from '@/api/batches'
import type { Queue } from '@/api/types'
import { useText } from '@/i18n'
import { save } from '@/lib/save'
import { Confirm } from '@/ui/Confirm'
import { type Action, ActionList } from '@/ui/Menu'
import { say, sayError } from '@/ui/toast'
import { isFinal } from './facts'

export type QueueAction = 'rename' | 'delete'

interface Props {
  /** Whose menu it is, and the button that asked for it. */
  of: { queue: Queue; button: HTMLElement } | null
  onAsk: (action: QueueAction, queue: Queue) => void
  onClose: () => void
}

/** What can be done to a batch from the list. */
export function QueueMenu({ of, onAsk, onClose }: Props) {
  const text = useText().batches
  const trigger = useRef<HTMLElement>(null)
  trigger.current = of?.button ?? trigger.current
  return (
    <Popover
      className="popover"
      placement="bottom end"
      triggerRef={trigger}
      isOpen={of !== null}
      onOpenChange={(open) => !open && onClose()}
      aria-label={text.more}
    >
      {of && <ActionList label={text.more} actions={actionsOf(text, of.queue, onAsk)} onClose={onClose} />}
    </Popover>
  )
}

type Texts = ReturnType<typeof useText>['batches']

function actionsOf(text: Texts, queue: Queue, onAsk: Props['onAsk']): Action[] {
  return [
    { id: 'repeat', label: text.repeat, icon: 'redo', href: `/?repeat=${queue.id}` },
    { id: 'rename', label: text.rename, icon: 'edit', run: () => onAsk('rename', queue) },
    ...(queue.completed_images > 0
      ? [{ id: 'download', label: text.download, icon: 'archive', run: () => save(archiveUrl(queue.id)) } as const]
      : []),
    ...(isFinal(queue.status)
      ? [{ id: 'delete', label: text.delete, icon: 'trash', tone: 'bad', run: () => onAsk('delete', queue) } as const]
      : []),
  ]
}

/** Asks, then deletes. */
export function DeleteQueue({ queue, onClose }: { queue: Queue | null; onClose: () => void }) {
  const all = useText()
  const text = all.batches
  const remove = useMutation({
    mutationFn: (id: number) => deleteQueue(id),
    onSuccess: (_, id) => {
      forgetQueue(id)
      say(text.deleted)
    },
    onError: (error) => sayError(all, error),
  })
  return (
    <Confirm
      title={text.deleteTitle}
      action={text.delete}
      isOpen={queue !== null}
      onClose={onClose}
      onConfirm={() => {
        if (queue) remove.mutate(queue.id)
        onClose()
      }}
    >
      {text.deleteText}
    </Confirm>
  )
}
