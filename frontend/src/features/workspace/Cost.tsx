import { useQuery } from '@tanstack/react-query'
import { estimateQuery } from '@/api/batches'
import type { Model } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { ButtonLink } from '@/ui/Button'
import type { Readiness } from './readiness'

/** What it costs, what is left afterwards, and how long it takes; or how much is missing. */
export function Cost({ ready, model, balance }: { ready: Readiness; model: Model; balance: number }) {
  const text = useText()
  const format = useFormat()
  const { data: estimate } = useQuery(estimateQuery(model.id, ready.count))
  const left = balance - ready.cost
  if (!ready.count) return <p className="quiet num">{text.workspace.balanceOnly(format.number(balance))}</p>
  return (
    <div className="cost num">
      <p className="spread">
        <strong>{text.workspace.sum(format.number(ready.count), format.number(model.credits), format.number(ready.cost))}</strong>
        {estimate?.seconds ? <span className="quiet">{text.workspace.takes(text.workspace.about(estimate.seconds))}</span> : null}
      </p>
      {left < 0 ? (
        <p className="row">
          <span className="badge" data-tone="bad">
            {text.workspace.short(format.number(-left))}
          </span>
          <ButtonLink href="/account" size="small" kind="quiet">
            {text.workspace.seeBalance}
          </ButtonLink>
        </p>
      ) : (
        <p className="quiet">{text.workspace.balance(format.number(balance), format.number(left))}</p>
      )}
    </div>
  )
}
