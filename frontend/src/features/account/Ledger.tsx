import { useInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ledgerQuery } from '@/api/account'
import { meQuery } from '@/api/session'
import type { LedgerEntry } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'

/** The balance, and every change that led to it. */
export function Ledger() {
  const all = useText()
  const text = all.account
  const format = useFormat()
  const { data: user } = useSuspenseQuery(meQuery)
  const ledger = useInfiniteQuery(ledgerQuery)
  const entries = ledger.data && gather(ledger.data.pages.flatMap((page) => page.items))
  return (
    <section className="card stack">
      <div className="balance">
        <h2>{text.balance}</h2>
        <strong className="num">{format.number(user.credits)}</strong>
        <p className="quiet">{text.needMore}</p>
      </div>
      <h3>{text.ledger}</h3>
      {ledger.isError && <ErrorNotice error={ledger.error} onRetry={() => void ledger.refetch()} />}
      {ledger.isPending && <Skeleton height="10rem" />}
      {entries?.length === 0 && <p className="quiet">{text.ledgerEmpty}</p>}
      {entries && entries.length > 0 && (
        <div className="table-wrap" tabIndex={0} role="region" aria-label={text.ledger}>
          <table className="table num">
            <thead>
              <tr>
                <th scope="col">{text.columns.time}</th>
                <th scope="col">{text.columns.what}</th>
                <th scope="col" className="right">
                  {text.columns.delta}
                </th>
                <th scope="col" className="right">
                  {text.columns.balance}
                </th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {ledger.hasNextPage && (
        <div>
          <Button size="small" isPending={ledger.isFetchingNextPage} onPress={() => void ledger.fetchNextPage()}>
            {all.shell.loadMore}
          </Button>
        </div>
      )}
    </section>
  )
}

interface Line extends LedgerEntry {
  images: number
}

/** A batch changes the balance once an image: its neighbouring lines of one kind and reason are shown as one. */
function gather(entries: LedgerEntry[]): Line[] {
  const lines: Line[] = []
  for (const entry of entries) {
    const last = lines.at(-1)
    const same = last && entry.queue_id !== null && last.queue_id === entry.queue_id && last.kind === entry.kind && last.reason === entry.reason
    if (same) lines[lines.length - 1] = { ...last, delta: last.delta + entry.delta, images: last.images + 1 }
    else lines.push({ ...entry, images: 1 })
  }
  return lines
}

function Entry({ entry }: { entry: Line }) {
  const all = useText()
  const text = all.account
  const format = useFormat()
  const reasons: Record<string, string> = { ...all.problems.tasks, ...text.reasons }
  const reason = reasons[entry.reason] ?? entry.reason
  return (
    <tr>
      <td className="nowrap">
        <time dateTime={entry.created_at} title={format.dateTime(entry.created_at)}>
          {format.ago(entry.created_at)}
        </time>
      </td>
      <td>
        {text.kinds[entry.kind]}
        {entry.queue_id !== null && (
          <>
            {' · '}
            <Link to="/batches/$id" params={{ id: entry.queue_id }}>
              {text.batch(entry.queue_id)}
            </Link>
            {entry.images > 1 && ` · ${all.batches.images(format.number(entry.images))}`}
          </>
        )}
        {reason && <span className="quiet ledger-reason">{reason}</span>}
      </td>
      <td className="right" data-sign={Math.sign(entry.delta)}>
        {format.signed(entry.delta)}
      </td>
      <td className="right">{format.number(entry.balance)}</td>
    </tr>
  )
}
