import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { adminKeys, resumeUpstream, upstreamsQuery } from '@/api/admin'
import type { UpstreamHealth } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useNow } from '@/lib/now'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { Icon } from '@/ui/icons'
import { say } from '@/ui/toast'

/** Who edits the images, and whether they do. */
export function Upstreams() {
  const text = useText().admin.upstreams
  const list = useQuery(upstreamsQuery)
  return (
    <section className="card stack" aria-labelledby="upstreams">
      <h2 id="upstreams">{text.title}</h2>
      {list.isError && !list.data && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height="3rem" />}
      <ul className="upstreams">
        {list.data?.map((upstream) => (
          <Row key={upstream.name} upstream={upstream} />
        ))}
      </ul>
    </section>
  )
}

function Row({ upstream }: { upstream: UpstreamHealth }) {
  const text = useText().admin.upstreams
  const format = useFormat()
  const cache = useQueryClient()
  const resume = useMutation({
    mutationFn: () => resumeUpstream(upstream.name),
    onSuccess: () => {
      say(text.resumed(upstream.name))
      return cache.invalidateQueries({ queryKey: adminKeys.upstreams })
    },
  })
  const now = useNow(upstream.parked_until !== null)
  const left = upstream.parked_until ? Math.max(0, (Date.parse(upstream.parked_until) - now) / 1000) : null
  const { paused_reason: reason } = upstream
  const reasons: Record<string, string> = text.reasons
  const tone = reason ? 'bad' : left !== null ? 'warn' : 'ok'
  return (
    <li className="stack-tight">
      <div className="spread">
        <span className="row">
          <span className="badge" data-tone={tone}>
            <Icon name={reason ? 'error' : left !== null ? 'clock' : 'checkCircle'} size={14} />
            {reason ? reasons[reason] ?? reason : left !== null ? text.waits : text.well}
          </span>
          <strong>{upstream.name}</strong>
          <code className="quiet">{upstream.kind}</code>
        </span>
        {reason && (
          <Button size="small" icon="redo" isPending={resume.isPending} onPress={() => resume.mutate()}>
            {text.resume}
          </Button>
        )}
      </div>
      {upstream.detail && <p className="quiet upstream-words">{upstream.detail}</p>}
      {left !== null && <p className="quiet num">{(reason ? text.looksAgain : text.goesOn)(format.clock(left))}</p>}
      {resume.isError && <ErrorNotice error={resume.error} />}
    </li>
  )
}
