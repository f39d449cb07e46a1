import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { coverQuery } from '@/api/batches'
import type { Queue } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { ProgressBar } from '@/ui/ProgressBar'
import { StatusBadge } from '@/ui/StatusBadge'
import { isFinal } from './facts'

const COVER = 4

/** One batch: its first pictures, its name, how far it is. The whole row is one link. */
export function QueueRow({ queue }: { queue: Queue }) {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  return (
    <li className="queue-row">
      <Cover queue={queue} />
      <div className="queue-what">
        <div className="row">
          <h2>
            <Link to="/batches/$id" params={{ id: queue.id }} className="queue-link">
              {queueName(all, format, queue)}
            </Link>
          </h2>
          <StatusBadge status={queue.status} />
        </div>
        <p className="clip">{queue.prompt}</p>
        <p className="quiet num">
          {text.images(format.number(queue.total_images))} · {text.spent(format.number(queue.credits_spent))} ·{' '}
          <time dateTime={queue.created_at}>{format.ago(queue.created_at)}</time>
        </p>
      </div>
      <div className="queue-progress num" data-final={isFinal(queue.status) || undefined}>
        <span className="quiet">{text.progressText(queue.completed_images, queue.total_images, queue.failed_images)}</span>
        {!isFinal(queue.status) && (
          <ProgressBar
            bare
            label={queueName(all, format, queue)}
            total={queue.total_images}
            valueText={text.progressText(queue.completed_images, queue.total_images, queue.failed_images)}
            parts={[
              { tone: 'ok', count: queue.completed_images },
              { tone: 'bad', count: queue.failed_images },
              { tone: 'idle', count: queue.cancelled_images },
            ]}
          />
        )}
      </div>
    </li>
  )
}

/** Asked again when one more image is done, so a running batch fills up before one's eyes. */
function Cover({ queue }: { queue: Queue }) {
  const done = Math.min(queue.completed_images, COVER)
  const { data } = useQuery(coverQuery(queue.id, COVER, done))
  const shown = Array.from({ length: Math.min(queue.total_images, COVER) }, (_, at) => data?.[at])
  return (
    <div className="cover" aria-hidden="true">
      {shown.map((task, at) => {
        const image = task?.generated_image ?? task?.original_image
        return image ? <img key={at} src={image.thumbnail_url} alt="" loading="lazy" decoding="async" /> : <i key={at} />
      })}
    </div>
  )
}
