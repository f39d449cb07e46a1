import { useQuery } from '@tanstack/react-query'
import { healthQuery, systemQuery } from '@/api/admin'
import type { Health, SystemFacts } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { ErrorNotice, Notice, Skeleton } from '@/ui/feedback'
import { Icon } from '@/ui/icons'
import { Audit } from './Audit'
import { Cleanup } from './Cleanup'

const NEAR_FULL = 0.9

/** What the service is made of, whether it is well, what it keeps, and who changed what. */
export function SystemPanel() {
  const system = useQuery(systemQuery)
  const health = useQuery(healthQuery)
  return (
    <div className="stack">
      {system.isError && !system.data && <ErrorNotice error={system.error} onRetry={() => void system.refetch()} />}
      {system.data && <Warnings system={system.data} health={health.data} />}
      <div className="admin-two">
        {system.isPending ? <Skeleton height="24rem" /> : system.data && <Facts system={system.data} health={health.data} />}
        <div className="stack">
          {system.isPending ? <Skeleton height="10rem" /> : system.data && <Room system={system.data} />}
          <Cleanup />
        </div>
      </div>
      <Audit />
    </div>
  )
}

function Warnings({ system, health }: { system: SystemFacts; health: Health | undefined }) {
  const text = useText().admin.system
  const { free_bytes: free, total_bytes: total } = system.storage
  // on the server's own screen nothing crosses a network
  const exposed = !system.https && !/^(localhost|127\.|\[::1\])/.test(location.hostname)
  return (
    <>
      {exposed && (
        <Notice tone="warn">
          <p>{text.plainHttp}</p>
        </Notice>
      )}
      {health?.storage === 'full' ? (
        <Notice tone="bad">
          <p>{text.full}</p>
        </Notice>
      ) : (
        free !== null && total && 1 - free / total > NEAR_FULL && (
          <Notice tone="warn">
            <p>{text.nearFull}</p>
          </Notice>
        )
      )}
    </>
  )
}

function Facts({ system, health }: { system: SystemFacts; health: Health | undefined }) {
  const all = useText()
  const text = all.admin.system
  const format = useFormat()
  const { server, database } = system
  const well = health?.status === 'ok'
  const rows: [string, string][] = [
    [text.version, system.version],
    ['Python', server.python],
    [text.database, `${text.databases[database.kind]} ${database.version} · ${format.bytes(database.bytes)}`],
    [text.machine, [text.cpus(server.cpus), server.memory_bytes && format.bytes(server.memory_bytes)].filter(Boolean).join(' · ')],
    [text.connection, system.https ? 'HTTPS' : 'HTTP'],
    ...(health ? [[text.dispatcher, all.admin.dispatcher[health.dispatcher.status]] as [string, string]] : []),
  ]
  return (
    <section className="card stack" aria-labelledby="facts">
      <div className="spread">
        <h2 id="facts">{text.title}</h2>
        {health && (
          <span className="badge" data-tone={well ? 'ok' : 'bad'}>
            <Icon name={well ? 'checkCircle' : 'alert'} size={14} /> {well ? text.well : text.unwell}
          </span>
        )}
      </div>
      <dl className="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p>
        <a href="/docs" className="row">
          {all.account.apiDocs} <Icon name="external" size={15} />
        </a>
      </p>
    </section>
  )
}

function Room({ system }: { system: SystemFacts }) {
  const text = useText().admin.system
  const format = useFormat()
  const { kind, images, bytes, free_bytes: free, total_bytes: total } = system.storage
  return (
    <section className="card stack" aria-labelledby="storage">
      <h2 id="storage">{text.storage}</h2>
      <p className="num">
        <strong className="big">{format.bytes(bytes)}</strong>{' '}
        <span className="quiet">{text.images(format.number(images), text.kinds[kind])}</span>
      </p>
      {free !== null && total !== null && (
        <div className="field">
          <div className="meter" role="meter" aria-label={text.disk} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round((1 - free / total) * 100)}>
            <div className="meter-part" style={{ width: `${(bytes / total) * 100}%` }} data-tone="accent" />
            <div className="meter-part" style={{ width: `${Math.max(0, (total - free - bytes) / total) * 100}%` }} />
          </div>
          <p className="quiet num">{text.free(format.bytes(free), format.bytes(total))}</p>
        </div>
      )}
    </section>
  )
}
