import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { memo, useState } from 'react'
import { coverQuery } from '@/api/batches'
import type { Image, Queue } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { Icon } from '@/ui/icons'
import { ProgressBar } from '@/ui/ProgressBar'
import { StatusBadge } from '@/ui/StatusBadge'
import { isFinal } from './facts'

const COVER = 4

interface Props {
  queue: Queue
  cover: Image[] | undefined
  /** The list has one menu for all of its rows: a row is cheap to show while somebody scrolls. */
  onMenu: (queue: Queue, button: HTMLElement) => void
}

/** One batch: its first pictures, its name, how far it is. The whole row is one link. */
export const QueueRow = memo(function QueueRow({ queue, cover, onMenu }: Props) {
  const all = useText()
  const text = all.batches
  const format = useFormat()
  const name = queueName(all, format, queue)
  // whoever saw it grow sees it end, too
  const [grows] = useState(!isFinal(queue.status))
  return (
    <>
      {grows ? <Growing queue={queue} /> : <Pictures queue={queue} images={cover} />}
      <div className="queue-what">
        <div className="row">
          <h2>
            <Link to="/batches/$id" params={{ id: queue.id }} className="queue-link">
              {name}
            </Link>
          </h2>
          <StatusBadge status={queue.status} />
        </div>
        <p className="clip">{queue.prompt}</p>
        <p className="quiet num">
          {text.images(format.number(queue.total_images))} · {text.spent(format.number(queue.credits_spent))} ·{' '}
          <time dateTime={queue.created_at} title={format.dateTime(queue.created_at)}>
            {format.ago(queue.created_at)}
          </time>
        </p>
      </div>
      <Progress queue={queue} name={name} />
      <button
        type="button"
        className="btn"
        data-kind="quiet"
        data-size="small"
        data-icon=""
        aria-label={`${text.more} ${name}`}
        aria-haspopup="menu"
        onClick={(event) => onMenu(queue, event.currentTarget)}
      >
        <Icon name="more" size={16} />
      </button>
    </>
  )
})

function Progress({ queue, name }: { queue: Queue; name: string }) {
  const text = useText().batches
  const words = text.progressText(queue.completed_images, queue.total_images, queue.failed_images)
  return (
    <div className="queue-progress num" data-well={(isFinal(queue.status) && queue.failed_images === 0) || undefined}>
      <span className="quiet">{words}</span>
      {!isFinal(queue.status) && (
        <ProgressBar
          bare
          label={name}
          total={queue.total_images}
          valueText={words}
          parts={[
            { tone: 'ok', count: queue.completed_images },
            { tone: 'bad', count: queue.failed_images },
            { tone: 'idle', count: queue.cancelled_images },
          ]}
        />
      )}
    </div>
  )
}

/** Asked again when one more image is done, so a running batch fills up before one's eyes, and once more at its end. */
function Growing({ queue }: { queue: Queue }) {
  const done = isFinal(queue.status) ? queue.completed_images : Math.min(queue.completed_images, COVER)
  const { data } = useQuery(coverQuery(queue.id, COVER, `${queue.status} ${done}`))
  const images = data?.flatMap((task) => task.generated_image ?? task.original_image ?? [])
  return <Pictures queue={queue} images={images} />
}

function Pictures({ queue, images = [] }: { queue: Queue; images?: Image[] }) {
  return (
    <div className="cover" aria-hidden="true">
      {Array.from({ length: Math.min(queue.total_images, COVER) }, (_, at) => {
        const image = images[at]
        return image ? <img key={at} src={image.thumbnail_url} alt="" decoding="async" /> : <i key={at} />
      })}
    </div>
  )
}
