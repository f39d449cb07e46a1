import { useQuery } from '@tanstack/react-query'
import { receiptQuery } from '@/api/batches'
import type { LedgerEntry, Queue, Task } from '@/api/types'
import { type Dictionary, useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice, Skeleton } from '@/ui/feedback'

interface Props {
  queue: Queue
  tasks: Task[]
  onClose: () => void
}

/** What each image cost, and why a credit came back: the ledger's own lines, by image. */
export function Receipt({ queue, tasks, onClose }: Props) {
  const text = useText().batches
  const format = useFormat()
  const receipt = useQuery(receiptQuery(queue.id))
  return (
    <Dialog title={text.receipt} isOpen onClose={onClose} width="44rem">
      <dl className="receipt-sums num">
        <Sum label={text.sums.spent} value={format.number(queue.credits_spent)} />
        <Sum label={text.sums.held} value={format.number(queue.credits_held)} />
        <Sum label={text.sums.returned} value={format.number(queue.credits_released)} />
      </dl>
      {receipt.isError && <ErrorNotice error={receipt.error} onRetry={() => void receipt.refetch()} />}
      {receipt.isPending && <Skeleton height="12rem" />}
      {receipt.data && (
        <div className="table-wrap receipt-lines" tabIndex={0} role="region" aria-label={text.receipt}>
          <table className="table num">
            <thead>
              <tr>
                <th scope="col">{text.receiptColumns.image}</th>
                <th scope="col">{text.receiptColumns.what}</th>
                <th scope="col" className="right">
                  {text.receiptColumns.cost}
                </th>
              </tr>
            </thead>
            <tbody>
              {byTask(receipt.data).map(([id, entries]) => (
                <Line key={id} task={tasks.find((task) => task.id === id)} entries={entries} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Dialog>
  )
}

function Sum({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt className="quiet">{label}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Line({ task, entries }: { task: Task | undefined; entries: LedgerEntry[] }) {
  const all = useText()
  const format = useFormat()
  const cost = -entries.reduce((sum, entry) => sum + entry.delta, 0)
  return (
    <tr>
      <th scope="row" className="receipt-name">
        {task?.original_filename ?? '—'}
      </th>
      <td>
        <ul>
          {entries.map((entry) => (
            <li key={entry.id}>{wordsOf(all, entry, format.signed(entry.delta))}</li>
          ))}
        </ul>
      </td>
      <td className="right">
        <strong>{format.number(cost)}</strong>
      </td>
    </tr>
  )
}

function wordsOf(all: Dictionary, { kind, reason }: LedgerEntry, delta: string): string {
  const { lines, reasons } = all.batches.receiptWords
  const known: Record<string, string> = { ...all.problems.tasks, ...reasons }
  const why = known[reason] ?? reason
  const what = kind === 'capture' ? lines.capture : kind === 'release' ? `${lines.release} ${delta}` : `${lines.hold} ${delta}`
  return why ? `${what} · ${why}` : what
}

/** The batch's lines by image, in the order in which the images were first charged; each image's oldest line first. */
function byTask(entries: LedgerEntry[]): [number | null, LedgerEntry[]][] {
  const found = new Map<number | null, LedgerEntry[]>()
  for (const entry of [...entries].reverse()) found.set(entry.task_id, [...(found.get(entry.task_id) ?? []), entry])
  return [...found]
}
