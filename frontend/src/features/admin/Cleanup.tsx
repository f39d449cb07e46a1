import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { adminKeys, cleanUp } from '@/api/admin'
import type { Cleaned } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { NumberField } from '@/ui/NumberField'
import { say } from '@/ui/toast'

const USUAL_DAYS = 30

/** First look what would go, then let it go: the button that deletes is there only after the look. */
export function Cleanup() {
  const text = useText().admin.cleanup
  const format = useFormat()
  const cache = useQueryClient()
  const [days, setDays] = useState(USUAL_DAYS)
  const [counted, count] = useState<{ days: number; found: Cleaned } | null>(null)
  const [sure, ask] = useState(false)
  const told = (found: Cleaned) =>
    text.found(format.number(found.queues), format.number(found.images), format.bytes(found.bytes))
  const look = useMutation({
    mutationFn: (wanted: number) => cleanUp(wanted, true),
    onSuccess: (found, wanted) => count({ days: wanted, found }),
  })
  const clean = useMutation({
    mutationFn: (wanted: number) => cleanUp(wanted, false),
    onSuccess: (gone) => {
      ask(false)
      count(null)
      say(text.done(told(gone)))
      return Promise.all([adminKeys.system, adminKeys.audit, adminKeys.queues, adminKeys.tasks].map((queryKey) => cache.invalidateQueries({ queryKey })))
    },
  })
  const nothing = counted && !counted.found.queues && !counted.found.images
  return (
    <section className="card stack" aria-labelledby="cleanup">
      <h2 id="cleanup">{text.title}</h2>
      <p className="quiet">{text.lead}</p>
      <div className="cleanup-form">
        <NumberField
          label={text.olderThan}
          minValue={0}
          maxValue={36_500}
          value={days}
          onChange={(next) => {
            setDays(next)
            count(null)
          }}
        />
        <Button icon="search" isPending={look.isPending} isDisabled={Number.isNaN(days)} onPress={() => look.mutate(days)}>
          {text.look}
        </Button>
      </div>
      <div aria-live="polite">
        {counted && (
          <Notice tone={nothing ? 'run' : 'warn'}>
            <p>{nothing ? text.nothing : text.would(told(counted.found))}</p>
            {!nothing && (
              <div>
                <Button kind="danger" icon="trash" onPress={() => ask(true)}>
                  {text.clean}
                </Button>
              </div>
            )}
          </Notice>
        )}
      </div>
      {look.isError && <ErrorNotice error={look.error} />}
      <Confirm
        title={text.sure(counted?.days ?? days)}
        action={text.clean}
        isOpen={sure}
        isPending={clean.isPending}
        onClose={() => ask(false)}
        onConfirm={() => counted && clean.mutate(counted.days)}
      >
        {counted && text.sureText(told(counted.found))}
        {clean.isError && <ErrorNotice error={clean.error} />}
      </Confirm>
    </section>
  )
}
