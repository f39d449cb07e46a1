import { useInfiniteQuery } from '@tanstack/react-query'
import { auditQuery } from '@/api/admin'
import type { AuditEntry } from '@/api/types'
import type { Dictionary } from '@/i18n'
import { useText } from '@/i18n'
import { type Format, useFormat } from '@/i18n/format'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { Table } from './Table'

/** Every change that an administrator made. */
export function Audit() {
  const all = useText()
  const text = all.admin.audit
  const list = useInfiniteQuery(auditQuery)
  return (
    <section className="card stack" aria-labelledby="audit">
      <h2 id="audit">{text.title}</h2>
      {list.isError && !list.data && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height="12rem" />}
      {list.data && (
        <Table
          label={text.title}
          columns={[text.when, text.who, text.what, text.details]}
          isEmpty={list.data.pages[0]?.items.length === 0}
          emptyText={text.nothing}
          more={list}
        >
          {list.data.pages
            .flatMap((page) => page.items)
            .map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
        </Table>
      )}
    </section>
  )
}

function Row({ entry }: { entry: AuditEntry }) {
  const all = useText()
  const text = all.admin.audit
  const format = useFormat()
  const actions: Record<string, string> = text.actions
  const action = actions[entry.action] ?? entry.action
  return (
    <tr>
      <td className="nowrap">
        <time dateTime={entry.created_at} title={format.dateTime(entry.created_at)}>
          {format.ago(entry.created_at)}
        </time>
      </td>
      <td>{entry.actor ?? text.gone}</td>
      <td>
        {action} {/\d/.test(entry.target) && <code>{entry.target.replace(/^\D+/, '#')}</code>}
        {entry.target.startsWith('upstream ') && <code>{entry.target.slice('upstream '.length)}</code>}
      </td>
      <td className="cell-wide">{details(entry.detail, all, format)}</td>
    </tr>
  )
}

/** `concurrency: {from: 3, to: 5}` as 并发数：3 → 5. */
function details(detail: Record<string, unknown>, all: Dictionary, format: Format): string {
  const names: Record<string, string> = all.admin.audit.names
  const shown = (name: string, value: unknown): string => {
    if (typeof value === 'boolean') return all.admin.audit.flags[value ? 'yes' : 'no']
    if (typeof value === 'number') return name === 'bytes' ? format.bytes(value) : name === 'delta' ? format.signed(value) : format.number(value)
    if (name === 'role') return all.admin.roles[value as 'user' | 'admin'] ?? String(value)
    if (value && typeof value === 'object' && 'to' in value) {
      const change = value as { from: unknown; to: unknown }
      return `${shown(name, change.from)} → ${shown(name, change.to)}`
    }
    return String(value)
  }
  return Object.entries(detail)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${names[name] ?? name}${all.admin.audit.colon}${shown(name, value)}`)
    .join(all.admin.audit.comma)
}
