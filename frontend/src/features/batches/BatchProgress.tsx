import type { Queue } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useNow } from '@/lib/now'
import { ProgressBar } from '@/ui/ProgressBar'
import { isFinal } from './facts'

export function BatchProgress({ queue }: { queue: Queue }) {
  const text = useText().batches
  const format = useFormat()
  const { total_images: total, completed_images: completed, failed_images: failed, cancelled_images: cancelled } = queue
  const final = isFinal(queue.status)
  const now = useNow(!final && queue.started_at !== null)
  const end = queue.completed_at ? Date.parse(queue.completed_at) : now
  const running = queue.status === 'processing' || queue.status === 'pending'
  const left = total - completed - failed - cancelled
  return (
    <section className="card batch-progress">
      <div className="spread num">
        <strong>{text.progress(completed, total)}</strong>
        <span className="row quiet">
          {queue.started_at && <span>{text.elapsed(format.clock((end - Date.parse(queue.started_at)) / 1000))}</span>}
          {(queue.status === 'pending' || (queue.status === 'processing' && queue.queue_position > 0)) && (
            <span>{text.ahead(queue.queue_position)}</span>
          )}
          {running && queue.eta_seconds !== null && (
            <span>
              {text.left} {text.eta(queue.eta_seconds / 60)}
            </span>
          )}
        </span>
      </div>
      <ProgressBar
        bare
        label={text.results}
        total={total}
        valueText={text.progressText(completed, total, failed)}
        parts={[
          { tone: 'ok', count: completed },
          { tone: 'bad', count: failed },
          { tone: 'idle', count: cancelled },
        ]}
      />
      <ul className="row batch-counts num">
        <Count tone="ok" n={completed} label={text.counts.completed} />
        {failed > 0 && <Count tone="bad" n={failed} label={text.counts.failed} />}
        {cancelled > 0 && <Count tone="idle" n={cancelled} label={text.counts.cancelled} />}
        {left > 0 && <Count tone="left" n={left} label={text.counts.left} />}
        <li className="quiet batch-credits">
          {text.spent(format.number(queue.credits_spent))}
          {queue.credits_released > 0 && ` · ${text.returned(format.number(queue.credits_released))}`}
        </li>
      </ul>
      <Announcement queue={queue} />
    </section>
  )
}

function Count({ tone, n, label }: { tone: string; n: number; label: string }) {
  return (
    <li className="count" data-tone={tone}>
      <i aria-hidden="true" /> {n} {label}
    </li>
  )
}

/** Said to screen readers at every tenth of the way and at the end, not for each image. */
function Announcement({ queue }: { queue: Queue }) {
  const text = useText().batches
  const ended = queue.completed_images + queue.failed_images + queue.cancelled_images
  const tenth = Math.floor((ended / Math.max(queue.total_images, 1)) * 10) * 10
  return (
    <p className="unseen" role="status">
      {isFinal(queue.status) ? text.done(queue.completed_images, queue.failed_images) : tenth > 0 && text.steps(tenth)}
    </p>
  )
}
