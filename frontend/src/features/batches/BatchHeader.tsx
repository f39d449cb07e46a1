import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { applyQueue, forgetQueue } from '@/api/apply'
import { archiveUrl, cancelQueue, deleteQueue, pauseQueue, resumeQueue, retryQueue } from '@/api/batches'
import type { Queue } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { Button, ButtonLink, IconButton } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { Icon } from '@/ui/icons'
import { type Action, Menu } from '@/ui/Menu'
import { StatusBadge } from '@/ui/StatusBadge'
import { say } from '@/ui/toast'
import { RenameDialog } from './RenameDialog'
import { isFinal, useModelLabel } from './facts'

type Asking = 'cancel' | 'delete' | 'rename' | null

/** What this batch is, and everything that can be done to the whole of it. */
export function BatchHeader({ queue }: { queue: Queue }) {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  const navigate = useNavigate()
  const model = useModelLabel(queue.model)
  const [asking, ask] = useState<Asking>(null)
  const act = useMutation({ mutationFn: (verb: (id: number) => Promise<Queue>) => verb(queue.id), onSuccess: applyQueue })
  const remove = useMutation({
    mutationFn: () => deleteQueue(queue.id),
    onSuccess: async () => {
      await navigate({ to: '/batches' })
      forgetQueue(queue.id)
      say(text.deleted)
    },
  })
  const final = isFinal(queue.status)
  const more: Action[] = [
    { id: 'rename', label: text.rename, icon: 'edit', run: () => ask('rename') },
    ...(final
      ? [{ id: 'delete', label: text.delete, icon: 'trash', tone: 'bad', run: () => ask('delete') } as const]
      : [{ id: 'cancel', label: text.cancel, icon: 'stop', tone: 'bad', run: () => ask('cancel') } as const]),
  ]
  return (
    <header className="stack-tight">
      <ButtonLink href="/batches" kind="quiet" size="small" icon="back">
        {text.back}
      </ButtonLink>
      <div className="page-head">
        <div className="batch-title">
          <h1 className="row">
            {queueName(all, format, queue)} <StatusBadge status={queue.status} />
          </h1>
          <p className="batch-prompt">{queue.prompt}</p>
          <p className="quiet row">
            <span>{model}</span> · <time dateTime={queue.created_at}>{format.dateTime(queue.created_at)}</time>
          </p>
        </div>
        <div className="row">
          {queue.status === 'paused' ? (
            <Button kind="main" icon="play" isPending={act.isPending} onPress={() => act.mutate(resumeQueue)}>
              {text.resume}
            </Button>
          ) : (
            !final && (
              <Button icon="pause" isPending={act.isPending} onPress={() => act.mutate(pauseQueue)}>
                {text.pause}
              </Button>
            )
          )}
          {queue.failed_images > 0 && (
            <Button icon="redo" isPending={act.isPending} onPress={() => act.mutate(retryQueue)}>
              {text.retryFailed(queue.failed_images)}
            </Button>
          )}
          {queue.completed_images > 0 && (
            <a className="btn" data-kind={final ? 'main' : 'plain'} href={archiveUrl(queue.id)} download>
              <Icon name="archive" />
              {final ? text.download : text.downloadPart(queue.completed_images)}
            </a>
          )}
          <Menu label={text.more} trigger={<IconButton icon="more" kind="plain" label={text.more} />} actions={more} />
        </div>
      </div>
      {act.isError && <ErrorNotice error={act.error} />}
      {remove.isError && <ErrorNotice error={remove.error} />}
      {queue.status === 'paused' && (
        <Notice tone="warn" icon="pause">
          {pausedText(text.pausedBecause, queue.paused_reason)}
        </Notice>
      )}
      <Confirm
        title={text.cancelTitle}
        action={text.cancel}
        isOpen={asking === 'cancel'}
        onClose={() => ask(null)}
        onConfirm={() => {
          act.mutate(cancelQueue)
          ask(null)
        }}
      >
        {text.cancelText}
      </Confirm>
      <Confirm
        title={text.deleteTitle}
        action={text.delete}
        isOpen={asking === 'delete'}
        isPending={remove.isPending}
        onClose={() => ask(null)}
        onConfirm={() => {
          remove.mutate()
          ask(null)
        }}
      >
        {text.deleteText}
      </Confirm>
      {asking === 'rename' && <RenameDialog queue={queue} onClose={() => ask(null)} />}
    </header>
  )
}

const pausedText = (texts: Record<string, string>, reason: string | null) => texts[reason ?? 'user'] ?? texts.user
