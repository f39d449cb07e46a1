import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Icon } from '@/ui/icons'

/** Why images failed, the most frequent first: a table whose last column is a bar as well. */
export function Errors({ counts }: { counts: Record<string, number> }) {
  const all = useText()
  const text = all.admin.trends
  const format = useFormat()
  const words: Record<string, string> = all.problems.tasks
  const entries = Object.entries(counts)
  const most = Math.max(1, ...entries.map(([, count]) => count))
  return (
    <section className="card stack-tight chart" aria-labelledby="errors">
      <h3 id="errors">{text.errors}</h3>
      {entries.length === 0 ? (
        <p className="row chart-empty">
          <Icon name="checkCircle" /> {text.noErrors}
        </p>
      ) : (
        <table className="error-bars num">
          <thead className="unseen">
            <tr>
              <th scope="col">{text.why}</th>
              <th scope="col">{text.images}</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(([code, count]) => (
              <tr key={code}>
                <th scope="row">
                  <code>{code}</code>
                  <span className="quiet">{words[code]}</span>
                </th>
                <td>
                  <span className="error-bar" style={{ width: `${(count / most) * 100}%` }} />
                  {format.number(count)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}
