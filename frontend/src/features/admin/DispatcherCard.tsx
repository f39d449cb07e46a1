import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { healthQuery, holdDispatcher, releaseDispatcher } from '@/api/admin'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { Icon } from '@/ui/icons'

/** The switch that holds all work of everybody. */
export function DispatcherCard() {
  const text = useText().admin.dispatcher
  const cache = useQueryClient()
  const health = useQuery(healthQuery)
  const act = useMutation({
    mutationFn: (verb: () => Promise<unknown>) => verb(),
    onSuccess: () => cache.invalidateQueries({ queryKey: healthQuery.queryKey }),
  })
  if (health.isError && !health.data) return <ErrorNotice error={health.error} onRetry={() => void health.refetch()} />
  if (!health.data) return <Skeleton height="6rem" />
  const { status, concurrency, in_flight, pending } = health.data.dispatcher
  const paused = status === 'paused'
  return (
    <section className="card spread dispatcher">
      <div className="row" role="status">
        <span className="light" data-state={status}>
          <Icon name={paused ? 'pause' : 'play'} />
        </span>
        <div>
          <strong>{text[status]}</strong>
          <p className="quiet num">{text.facts(in_flight, concurrency, pending)}</p>
        </div>
      </div>
      <div className="dispatcher-act">
        <Button
          kind={paused ? 'main' : 'plain'}
          icon={paused ? 'play' : 'pause'}
          isPending={act.isPending}
          isDisabled={status === 'draining'}
          onPress={() => act.mutate(paused ? releaseDispatcher : holdDispatcher)}
        >
          {paused ? text.resume : text.pause}
        </Button>
        <span className="quiet">{text.hint}</span>
      </div>
      {act.isError && <ErrorNotice error={act.error} />}
    </section>
  )
}
