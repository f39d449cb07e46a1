import { useMutation } from '@tanstack/react-query'
import { applyTask } from '@/api/apply'
import { cancelTask, retryTask } from '@/api/batches'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { problemText } from '@/i18n/problem'
import { taskError } from '@/i18n/task'
import { useNow } from '@/lib/now'
import { Button, IconButton } from '@/ui/Button'
import { Icon } from '@/ui/icons'
import { StatusBadge } from '@/ui/StatusBadge'
import { say } from '@/ui/toast'
import type { Shown } from './versions'

interface Props {
  shown: Shown
  onEdit: (task: Task) => void
}

/** The original at the left, what became of it at the right. */
export function ResultCard({ shown: { task, version, family }, onEdit }: Props) {
  const text = useText().batches
  const path = task.original_filename.split('/')
  const name = path.pop()
  return (
    <>
      <div className="pair">
        <figure>
          {task.original_image && (
            <img src={task.original_image.thumbnail_url} alt={`${text.original} ${name}`} loading="lazy" decoding="async" />
          )}
          <figcaption>{text.original}</figcaption>
        </figure>
        <Outcome task={task} name={name ?? ''} />
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
      {task.status === 'failed' && <Failure task={task} />}
      <Actions task={task} onEdit={onEdit} />
    </>
  )
}

function Outcome({ task, name }: { task: Task; name: string }) {
  const text = useText().batches
  const format = useFormat()
  const running = task.status === 'processing'
  const now = useNow(running)
  if (task.generated_image) {
    return (
      <figure>
        <img src={task.generated_image.thumbnail_url} alt={`${text.result} ${name}`} loading="lazy" decoding="async" />
        <figcaption>{text.result}</figcaption>
      </figure>
    )
  }
  const seconds = task.started_at ? (now - Date.parse(task.started_at)) / 1000 : 0
  return (
    <div className={`outcome ${running ? 'skeleton' : ''}`} data-status={task.status}>
      {running ? (
        <span className="num">{text.running(format.clock(seconds))}</span>
      ) : task.status === 'pending' ? (
        <>
          <Icon name="clock" size={22} />
          <span>{task.next_attempt_at && task.attempts > 0 ? text.nextTry : text.waiting}</span>
        </>
      ) : (
        <Icon name={task.status === 'failed' ? 'error' : 'minus'} size={28} />
      )}
      {task.attempts > 1 && <span className="quiet num">{text.attempt(task.attempts)}</span>}
    </div>
  )
}

function Failure({ task }: { task: Task }) {
  const text = useText()
  return (
    <p className="failure" title={task.error_message ?? undefined}>
      {taskError(text, task)}
    </p>
  )
}

function Actions({ task, onEdit }: { task: Task; onEdit: Props['onEdit'] }) {
  const all = useText()
  const text = all.batches
  const act = useMutation({
    mutationFn: (verb: (id: number) => Promise<Task>) => verb(task.id),
    onSuccess: applyTask,
    onError: (error) => say(problemText(all, error), 'bad'),
  })
  const file = task.original_filename
  const open = task.status === 'pending' || task.status === 'processing'
  return (
    <div className="result-actions">
      {task.status === 'failed' && (
        <Button size="small" icon="redo" isPending={act.isPending} onPress={() => act.mutate(retryTask)} aria-label={`${text.retry} ${file}`}>
          {text.retry}
        </Button>
      )}
      {open && (
        <Button size="small" kind="quiet" icon="close" isPending={act.isPending} onPress={() => act.mutate(cancelTask)} aria-label={`${text.cancelOne} ${file}`}>
          {text.cancelOne}
        </Button>
      )}
      {!open && (
        <Button size="small" kind={task.generated_image ? 'plain' : 'quiet'} icon="edit" onPress={() => onEdit(task)} aria-label={`${text.edit} ${file}`}>
          {text.edit}
        </Button>
      )}
      {task.generated_image && (
        <IconButton size="small" icon="archive" label={`${text.downloadOne} ${file}`} onPress={() => saveAs(task.generated_image!.url)} />
      )}
    </div>
  )
}

/** The server names the file; a link does the download, so nothing is held in memory. */
export function saveAs(url: string) {
  const link = document.createElement('a')
  link.href = `${url}?download=1`
  link.download = ''
  link.click()
}
