import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { adminKeys, runtimeConfigQuery, saveConfig } from '@/api/admin'
import { configQuery } from '@/api/batches'
import type { RuntimeConfig } from '@/api/types'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { Switch } from '@/ui/fields'
import { NumberField } from '@/ui/NumberField'
import { say } from '@/ui/toast'
import { ConcurrencySlider } from './ConcurrencySlider'
import { Presets } from './Presets'

export function ConfigPanel() {
  const config = useQuery(runtimeConfigQuery)
  return (
    <div className="admin-two">
      <section className="card">
        {config.isError && <ErrorNotice error={config.error} onRetry={() => void config.refetch()} />}
        {config.isPending && <Skeleton height="22rem" />}
        {config.data && <ConfigForm saved={config.data} />}
      </section>
      <Presets />
    </div>
  )
}

/** What is changed here takes hold at once, on every process, without a restart. */
function ConfigForm({ saved }: { saved: RuntimeConfig }) {
  const text = useText().admin
  const cache = useQueryClient()
  const [changes, setChanges] = useState<Partial<RuntimeConfig>>({})
  const now = { ...saved, ...changes }
  const set = (change: Partial<RuntimeConfig>) => setChanges((before) => ({ ...before, ...change }))
  const changed = Object.entries(changes).some(([name, value]) => saved[name as keyof RuntimeConfig] !== value)
  const save = useMutation({
    mutationFn: () => saveConfig(changes),
    onSuccess: (config) => {
      cache.setQueryData(adminKeys.config, config)
      void cache.invalidateQueries({ queryKey: configQuery.queryKey })
      setChanges({})
      say(text.saved)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Form className="stack config-form" onSubmit={submit}>
      <h2>{text.tabs.config}</h2>
      <h3>{text.concurrencyConfig}</h3>
      <ConcurrencySlider value={now.concurrency} onChange={(concurrency) => set({ concurrency })} />
      <div className="config-numbers">
        <NumberField
          label={text.retries}
          description={text.retriesHint}
          minValue={0}
          maxValue={5}
          value={now.max_retries}
          onChange={(max_retries) => set({ max_retries })}
          isRequired
        />
        <NumberField
          label={text.signupCredits}
          description={text.signupCreditsHint}
          minValue={0}
          maxValue={1_000_000_000}
          value={now.signup_credits}
          onChange={(signup_credits) => set({ signup_credits })}
          isRequired
        />
        <NumberField
          label={text.retention}
          description={text.retentionHint}
          minValue={0}
          maxValue={36_500}
          value={now.retention_days}
          onChange={(retention_days) => set({ retention_days })}
          isRequired
        />
      </div>
      <Switch isSelected={now.registration_open} onChange={(registration_open) => set({ registration_open })}>
        {text.registration}
      </Switch>
      {save.isError && <ErrorNotice error={save.error} />}
      <div>
        <Button type="submit" kind="main" isDisabled={!changed} isPending={save.isPending}>
          {text.save}
        </Button>
      </div>
    </Form>
  )
}
