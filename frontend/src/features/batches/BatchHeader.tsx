import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useRef, useState } from 'react'
import { applyQueue, forgetQueue } from '@/api/apply'
import { archiveUrl, cancelQueue, deleteQueue, pauseQueue, resumeQueue, retryQueue } from '@/api/batches'
import { foreseeQueue } from '@/api/foresee'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { pausedBecause, queueName } from '@/i18n/queue'
import { save } from '@/lib/save'
import { Button, ButtonLink, IconButton } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { Icon } from '@/ui/icons'
import { type Action, Menu } from '@/ui/Menu'
import { StatusBadge } from '@/ui/StatusBadge'
import { say } from '@/ui/toast'
import { noteSaved, useNewSince } from './downloads'
import { RenameDialog } from './RenameDialog'
import { isFinal, useModelLabel } from './facts'
import { passFocus } from './focus'

const Receipt = lazy(async () => ({ default: (await import('./Receipt')).Receipt }))

type Asking = 'cancel' | 'delete' | 'rename' | 'receipt' | null

interface Act {
  verb: (id: number) => Promise<Queue>
  /** What to say once it is done. */
  said: string
  /** What it leads to, shown before the answer. */
  will?: Pick<Queue, 'status' | 'paused_reason'>
}

const pausing = (said: string): Act => ({ verb: pauseQueue, said, will: { status: 'paused', paused_reason: 'user' } })
const cancelling = (said: string): Act => ({ verb: cancelQueue, said, will: { status: 'cancelled', paused_reason: null } })
const resuming = ({ started_at }: Queue, said: string): Act => ({
  verb: resumeQueue,
  said,
  will: { status: started_at ? 'processing' : 'pending', paused_reason: null },
})

/** What this batch is, and everything that can be done to the whole of it. */
export function BatchHeader({ queue, tasks }: { queue: Queue; tasks: Task[] }) {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  const navigate = useNavigate()
  const model = useModelLabel(queue.model)
  const [asking, ask] = useState<Asking>(null)
  const head = useRef<HTMLElement>(null)
  const act = useMutation({
    mutationFn: ({ verb }: Act) => verb(queue.id),
    onMutate: ({ will }) => will && foreseeQueue(queue, will),
    onError: (_error, _act, takeBack) => takeBack?.(),
    onSuccess: (next, { said, verb }, takeBack) => {
      takeBack?.()
      if (verb === retryQueue) passFocus(head.current)
      applyQueue(next)
      say(said)
    },
  })
  const remove = useMutation({
    mutationFn: () => deleteQueue(queue.id),
    onSuccess: async () => {
      await navigate({ to: '/batches' })
      forgetQueue(queue.id)
      say(text.deleted)
    },
  })
  const final = isFinal(queue.status)
  const fresh = useNewSince(queue.id, tasks)
  const noteAll = () => noteSaved(queue.id, tasks, queue.completed_at)
  const saveAll = () => {
    save(archiveUrl(queue.id))
    noteAll()
  }
  const saveNew = () => {
    save(archiveUrl(queue.id, fresh.map(({ id }) => id)))
    noteSaved(queue.id, tasks)
  }
  const more: Action[] = [
    // while it runs the buttons stay where they are: one more would push them aside under the pointer
    ...(!final && queue.completed_images > 0
      ? [{ id: 'part', label: text.downloadPart(queue.completed_images), icon: 'archive', run: saveAll } as const]
      : []),
    ...(fresh.length > 0
      ? [{ id: 'new', label: text.downloadNew(fresh.length), icon: 'archive', run: saveNew } as const]
      : []),
    { id: 'rename', label: text.rename, icon: 'edit', run: () => ask('rename') },
    { id: 'repeat', label: text.repeat, icon: 'redo', href: `/?repeat=${queue.id}` },
    { id: 'receipt', label: text.receipt, icon: 'receipt', run: () => ask('receipt') },
    ...(final
      ? [{ id: 'delete', label: text.delete, icon: 'trash', tone: 'bad', run: () => ask('delete') } as const]
      : [{ id: 'cancel', label: text.cancel, icon: 'stop', tone: 'bad', run: () => ask('cancel') } as const]),
  ]
  return (
    <header className="batch-head stack-tight" ref={head}>
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
            <Button kind="main" icon="play" isPending={act.isPending} onPress={() => act.mutate(resuming(queue, text.resumed))}>
              {text.resume}
            </Button>
          ) : (
            !final &&
            queue.status !== 'awaiting_approval' && (
              <Button icon="pause" isPending={act.isPending} onPress={() => act.mutate(pausing(text.paused))}>
                {text.pause}
              </Button>
            )
          )}
          {queue.failed_images > 0 && (
            <Button icon="redo" isPending={act.isPending} onPress={() => act.mutate({ verb: retryQueue, said: text.retried(queue.failed_images) })}>
              {text.retryFailed(queue.failed_images)}
            </Button>
          )}
          {final && queue.completed_images > 0 && (
            <a className="btn" data-kind="main" href={archiveUrl(queue.id)} download onClick={noteAll}>
              <Icon name="archive" />
              {text.download}
            </a>
          )}
          <Menu label={text.more} trigger={<IconButton icon="more" kind="plain" label={text.more} />} actions={more} />
        </div>
      </div>
      {act.isError && <ErrorNotice error={act.error} />}
      {remove.isError && <ErrorNotice error={remove.error} />}
      {(queue.status === 'paused' || (!final && queue.paused_reason)) && (
        <Notice tone="warn" icon="pause">
          {pausedBecause(all, queue)}
        </Notice>
      )}
      <Confirm
        title={text.cancelTitle}
        action={text.cancel}
        isOpen={asking === 'cancel'}
        onClose={() => ask(null)}
        onConfirm={() => {
          act.mutate(cancelling(text.cancelledAll))
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
      {asking === 'receipt' && (
        <Suspense>
          <Receipt queue={queue} tasks={tasks} onClose={() => ask(null)} />
        </Suspense>
      )}
      {asking === 'rename' && <RenameDialog queue={queue} onClose={() => ask(null)} />}
    </header>
  )
}
