import type { QueueStatus, TaskStatus } from '@/api/types'
import { useText } from '@/i18n'
import { looks } from '@/lib/statuses'
import { Icon } from './icons'

/** A state as icon, word and colour together. */
export function StatusBadge({ status }: { status: QueueStatus | TaskStatus }) {
  const text = useText().shell
  const look = looks[status]
  return (
    <span className="badge" data-tone={look.tone}>
      <Icon name={look.icon} size={14} className={status === 'processing' ? 'spinning' : undefined} />
      {text.statuses[status]}
    </span>
  )
}
