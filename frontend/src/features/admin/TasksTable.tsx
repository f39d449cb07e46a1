import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { type AdminFilter, adminTasksQuery } from '@/api/admin'
import type { AdminTask, TaskStatus } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { taskError } from '@/i18n/task'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { StatusBadge } from '@/ui/StatusBadge'
import type { Owner } from './MonitorTables'
import { Table } from './Table'
import { UserCell } from './UserCell'

export function TasksTable({ filter, onUser }: { filter: AdminFilter<TaskStatus>; onUser: (owner: Owner) => void }) {
  const text = useText().admin
  const list = useInfiniteQuery({ ...adminTasksQuery(filter), placeholderData: keepPreviousData })
  if (list.isError && !list.data) return <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />
  if (!list.data) return <Skeleton height="16rem" />
  const { columns } = text
  return (
    <Table
      label={text.tasks}
      columns={[columns.image, columns.user, columns.status, columns.why, columns.created]}
      isEmpty={list.data.pages[0]?.items.length === 0}
      more={list}
    >
      {list.data.pages
        .flatMap((page) => page.items)
        .map((task) => (
          <Row key={task.id} task={task} onUser={onUser} />
        ))}
    </Table>
  )
}

function Row({ task, onUser }: { task: AdminTask; onUser: (owner: Owner) => void }) {
  const all = useText()
  const format = useFormat()
  const image = task.generated_image ?? task.original_image
  return (
    <tr>
      <td className="cell-wide">
        <span className="task-cell">
          {image && <img src={image.thumbnail_url} alt="" width={40} height={40} loading="lazy" />}
          <span className="tile-name">
            <span className="clip">{task.original_filename}</span>
            <span className="quiet clip">{task.batch_name || all.account.batch(task.queue_id)}</span>
          </span>
        </span>
      </td>
      <td>
        <UserCell id={task.user_id} name={task.username} onUser={onUser} />
      </td>
      <td>
        <StatusBadge status={task.status} />
      </td>
      <td className="cell-wide">
        {task.error_code && (
          <>
            <code>{task.error_code}</code>
            <span>{taskError(all, task)}</span>
            {task.error_message && <span className="quiet upstream-words">{task.error_message}</span>}
          </>
        )}
        {task.attempts > 1 && <span className="quiet">{all.batches.attempt(task.attempts)}</span>}
      </td>
      <td className="nowrap">
        <time dateTime={task.created_at}>{format.ago(task.created_at)}</time>
      </td>
    </tr>
  )
}
