import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { applyTask } from '@/api/apply'
import { cancelTask, retryTask } from '@/api/batches'
import { foreseeTask } from '@/api/foresee'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { taskError } from '@/i18n/task'
import { useNow } from '@/lib/now'
import { save } from '@/lib/save'
import { Button, IconButton } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import { StatusBadge } from '@/ui/StatusBadge'
import { sayError } from '@/ui/toast'
import { isOpen } from './facts'
import { passFocus } from './focus'
import { type Shown, sourceOf } from './versions'

interface Props {
  shown: Shown
  onEdit: (tasks: Task[]) => void
}

/** What there was at the left, what became of it at the right. */
export function ResultCard({ shown, onEdit }: Props) {
  const text = useText().batches
  const { task, version, family } = shown
  const path = task.original_filename.split('/')
  const name = path.pop() ?? ''
  const source = sourceOf(shown)
  const label = source?.version ? text.version(source.version) : text.original
  return (
    <>
      <div className="pair">
        <figure>
          {source && <img src={source.image.thumbnail_url} alt={`${label} ${name}`} loading="lazy" decoding="async" />}
          <figcaption>{label}</figcaption>
        </figure>
        <Outcome task={task} name={name} />
      </div>
      <div className="result-foot">
        <span className="tile-name">
          <span className="clip" title={task.original_filename}>
            {name}
          </span>
          {path.length > 0 && <span className="clip quiet">{path.join(' / ')}</span>}
        </span>
        <span className="row">
          {family.length > 1 && <span className="badge">{text.version(version)}</span>}
          <StatusBadge status={task.status} />
        </span>
      </div>
      <Actions task={task} onEdit={onEdit} />
    </>
  )
}

function Outcome({ task, name }: { task: Task; name: string }) {
  const text = useText().batches
  if (task.generated_image) {
    return (
      <figure>
        <img src={task.generated_image.thumbnail_url} alt={`${text.result} ${name}`} loading="lazy" decoding="async" />
        <figcaption>{text.result}</figcaption>
      </figure>
    )
  }
  return (
    <div className={`outcome ${task.status === 'processing' ? 'skeleton' : ''}`} data-status={task.status}>
      <Words task={task} />
      {task.attempts > 1 && <span className="quiet num">{text.attempt(task.attempts)}</span>}
    </div>
  )
}

/** Why there is no picture: running since when, waiting, failed and why. */
function Words({ task }: { task: Task }) {
  const all = useText()
  const text = all.batches
  if (task.status === 'processing') return <Running task={task} />
  if (task.status === 'failed') {
    return (
      <>
        <Icon name="error" size={24} />
        <p className="failure" title={task.error_message ?? undefined}>
          {taskError(all, task)}
        </p>
      </>
    )
  }
  if (task.status === 'cancelled') {
    return (
      <>
        <Icon name="minus" size={24} />
        <span>{text.cancelledOne}</span>
      </>
    )
  }
  return (
    <>
      <Icon name="clock" size={24} />
      <span>{task.next_attempt_at ? text.nextTry : text.waiting}</span>
    </>
  )
}

function Running({ task }: { task: Task }) {
  const text = useText().batches
  const format = useFormat()
  const now = useNow(true)
  const seconds = task.started_at ? (now - Date.parse(task.started_at)) / 1000 : 0
  return <span className="num">{text.running(format.clock(seconds))}</span>
}

function Actions({ task, onEdit }: { task: Task; onEdit: Props['onEdit'] }) {
  const all = useText()
  const text = all.batches
  const bar = useRef<HTMLDivElement>(null)
  const act = useMutation({
    mutationFn: (verb: (id: number) => Promise<Task>) => verb(task.id),
    onMutate: (verb) => (verb === cancelTask ? foreseeTask(task, 'cancelled') : undefined),
    onSuccess: (next, _verb, takeBack) => {
      takeBack?.()
      passFocus(bar.current, bar.current?.closest<HTMLElement>('.result'))
      applyTask(next)
    },
    onError: (error, _verb, takeBack) => {
      takeBack?.()
      sayError(all, error)
    },
  })
  const file = task.original_filename
  return (
    <div className="result-actions" ref={bar}>
      {task.status === 'failed' && (
        <Button size="small" icon="redo" isPending={act.isPending} onPress={() => act.mutate(retryTask)} aria-label={`${text.retry} ${file}`}>
          {text.retry}
        </Button>
      )}
      {isOpen(task) ? (
        <Button size="small" kind="quiet" icon="close" isPending={act.isPending} onPress={() => act.mutate(cancelTask)} aria-label={`${text.cancelOne} ${file}`}>
          {text.cancelOne}
        </Button>
      ) : (
        <Button size="small" kind={task.generated_image ? 'plain' : 'quiet'} icon="edit" isPending={act.isPending} onPress={() => onEdit([task])} aria-label={`${text.edit} ${file}`}>
          {text.edit}
        </Button>
      )}
      {task.generated_image && (
        <IconButton size="small" icon="archive" label={`${text.downloadOne} ${file}`} onPress={() => save(`${task.generated_image!.url}?download=1`)} />
      )}
    </div>
  )
}
