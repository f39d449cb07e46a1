// What can be done to several images at once. At the bottom of the window, under the thumb on a phone.
import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { applyTask } from '@/api/apply'
import { archiveUrl, cancelTask, retryTask } from '@/api/batches'
import { ProblemError } from '@/api/problem'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { save } from '@/lib/save'
import { Button, IconButton } from '@/ui/Button'
import { sayError } from '@/ui/toast'
import { isOpen } from './facts'
import { passFocus } from './focus'

interface Props {
  queueId: number
  selected: Task[]
  all: number
  onSelectAll: () => void
  onClear: () => void
  onEdit: (tasks: Task[]) => void
}

export function SelectionBar({ queueId, selected, all, onSelectAll, onClear, onEdit }: Props) {
  const words = useText()
  const text = words.batches
  const bar = useRef<HTMLDivElement>(null)
  const clear = () => {
    passFocus(bar.current)
    onClear()
  }
  const act = useMutation({
    mutationFn: async ({ tasks, verb }: { tasks: Task[]; verb: (id: number) => Promise<Task> }) => {
      // one after the other: each is charged or given back by itself; what has become of one meanwhile concerns no other,
      // and of all that is refused the first says why
      let refused: unknown
      for (const task of tasks) {
        try {
          applyTask(await verb(task.id))
        } catch (error) {
          if (!(error instanceof ProblemError) || error.code !== 'invalid_state') refused ??= error
        }
      }
      if (refused) throw refused
    },
    onSuccess: clear,
    onError: (error) => sayError(words, error),
  })
  if (!selected.length) return null
  const delivered = selected.filter((task) => task.generated_image)
  const failed = selected.filter((task) => task.status === 'failed')
  const open = selected.filter(isOpen)
  const ended = selected.filter((task) => !isOpen(task))
  return (
    <div className="selection-bar" ref={bar} role="toolbar" aria-label={text.selection}>
      <strong className="num" role="status">
        {text.selected(selected.length)}
      </strong>
      {selected.length < all && (
        <Button size="small" kind="quiet" onPress={onSelectAll}>
          {text.selectAll(all)}
        </Button>
      )}
      <span className="row selection-acts">
        {failed.length > 0 && (
          <Button size="small" icon="redo" isPending={act.isPending} onPress={() => act.mutate({ tasks: failed, verb: retryTask })}>
            {text.retryFailed(failed.length)}
          </Button>
        )}
        {open.length > 0 && (
          <Button size="small" icon="stop" isPending={act.isPending} onPress={() => act.mutate({ tasks: open, verb: cancelTask })}>
            {text.cancelSome(open.length)}
          </Button>
        )}
        {ended.length > 0 && (
          <Button size="small" icon="edit" onPress={() => onEdit(ended)}>
            {text.editSome(ended.length)}
          </Button>
        )}
        {delivered.length > 0 && (
          <Button size="small" kind="main" icon="archive" onPress={() => save(archiveUrl(queueId, delivered.map((task) => task.id)))}>
            {text.downloadSome(delivered.length)}
          </Button>
        )}
      </span>
      <IconButton size="small" icon="close" label={text.clearSelection} keys="Esc" onPress={clear} />
    </div>
  )
}
