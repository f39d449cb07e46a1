import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { adminCancel, type AdminFilter, adminKeys, adminQueuesQuery } from '@/api/admin'
import type { AdminQueue, QueueStatus } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { ProgressBar } from '@/ui/ProgressBar'
import { StatusBadge } from '@/ui/StatusBadge'
import { say } from '@/ui/toast'
import type { Owner } from './MonitorTables'
import { Table } from './Table'
import { UserCell } from './UserCell'

const FINAL: QueueStatus[] = ['completed', 'failed', 'cancelled']

export function QueuesTable({ filter, onUser }: { filter: AdminFilter<QueueStatus>; onUser: (owner: Owner) => void }) {
  const all = useText()
  const text = all.admin
  const format = useFormat()
  const cache = useQueryClient()
  const list = useInfiniteQuery({ ...adminQueuesQuery(filter), placeholderData: keepPreviousData })
  const [leaving, leave] = useState<AdminQueue | null>(null)
  const [note, setNote] = useState('')
  const cancel = useMutation({
    mutationFn: (queue: AdminQueue) => adminCancel(queue.id, note.trim()),
    onSuccess: () => {
      leave(null)
      setNote('')
      say(text.cancelled)
      return cache.invalidateQueries({ queryKey: adminKeys.queues })
    },
  })
  if (list.isError && !list.data) return <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />
  if (!list.data) return <Skeleton height="16rem" />
  const { columns } = text
  return (
    <>
      <Table
        label={text.queues}
        columns={[columns.batch, columns.user, columns.status, columns.progress, columns.created, '']}
        isEmpty={list.data.pages[0]?.items.length === 0}
        more={list}
      >
        {list.data.pages
          .flatMap((page) => page.items)
          .map((queue) => (
            <tr key={queue.id}>
              <td className="cell-wide">
                <strong>{queueName(all, format, queue)}</strong>
                <span className="quiet clip">{queue.prompt}</span>
              </td>
              <td>
                <UserCell id={queue.user_id} name={queue.username} onUser={onUser} />
              </td>
              <td>
                <StatusBadge status={queue.status} />
                {queue.paused_reason && <span className="quiet cell-line">{text.paused[queue.paused_reason]}</span>}
              </td>
              <td className="cell-progress">
                <ProgressBar
                  label={all.batches.progressText(queue.completed_images, queue.total_images, queue.failed_images)}
                  total={queue.total_images}
                  parts={[
                    { tone: 'ok', count: queue.completed_images },
                    { tone: 'bad', count: queue.failed_images },
                    { tone: 'idle', count: queue.cancelled_images },
                  ]}
                />
              </td>
              <td className="nowrap">
                <time dateTime={queue.created_at}>{format.ago(queue.created_at)}</time>
              </td>
              <td className="right">
                {!FINAL.includes(queue.status) && (
                  <Button size="small" icon="stop" onPress={() => leave(queue)} aria-label={`${text.cancel} ${queueName(all, format, queue)}`}>
                    {text.cancel}
                  </Button>
                )}
              </td>
            </tr>
          ))}
      </Table>
      <Confirm
        title={leaving ? text.cancelTitle(queueName(all, format, leaving)) : ''}
        action={text.cancel}
        isOpen={leaving !== null}
        isPending={cancel.isPending}
        onClose={() => {
          leave(null)
          setNote('')
        }}
        onConfirm={() => leaving && cancel.mutate(leaving)}
      >
        <p>{text.cancelText}</p>
        <TextField label={text.note} description={text.cancelNote} value={note} onChange={setNote} maxLength={500} />
        {cancel.isError && <ErrorNotice error={cancel.error} />}
      </Confirm>
    </>
  )
}
