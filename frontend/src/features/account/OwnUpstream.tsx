import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { deleteOwnUpstream, ownUpstreamQuery, putOwnUpstream, testOwnUpstream } from '@/api/account'
import { configQuery } from '@/api/batches'
import type { OwnUpstream as Upstream, OwnUpstreamFields, UpstreamTest } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Notice, Skeleton } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { Select } from '@/ui/Select'
import { say } from '@/ui/toast'

type Provider = OwnUpstreamFields['provider']

/** Where each vendor's service usually is; a relay has an address of its own. */
const USUAL: Record<Provider, { url: string; model: string }> = {
  'openai-chat': { url: 'https://openrouter.ai/api/v1', model: 'google/gemini-3.1-flash-image' },
  'openai-images': { url: 'https://api.openai.com/v1', model: 'gpt-image-2' },
  gemini: { url: 'https://generativelanguage.googleapis.com/v1beta', model: 'gemini-3.1-flash-image' },
  dashscope: { url: 'https://dashscope.aliyuncs.com/api/v1', model: 'qwen-image-edit-plus' },
}

/** A key of the user's own: images made with it cost no credits here. */
export function OwnUpstream() {
  const text = useText().account.own
  const own = useQuery(ownUpstreamQuery)
  const [editing, edit] = useState(false)
  return (
    <section className="card stack" aria-labelledby="own-title">
      <h2 id="own-title">{text.title}</h2>
      <p className="quiet">{text.lead}</p>
      {own.isError && <ErrorNotice error={own.error} onRetry={() => void own.refetch()} />}
      {own.isPending && <Skeleton height="6rem" />}
      {own.data && !editing && <Saved own={own.data} onEdit={() => edit(true)} />}
      {own.data === null && !editing && (
        <div>
          <Button icon="add" onPress={() => edit(true)}>
            {text.add}
          </Button>
        </div>
      )}
      {editing && <Fields own={own.data ?? null} onDone={() => edit(false)} />}
    </section>
  )
}

function Saved({ own, onEdit }: { own: Upstream; onEdit: () => void }) {
  const all = useText()
  const text = all.account.own
  const format = useFormat()
  const cache = useQueryClient()
  const [leaving, leave] = useState(false)
  const test = useMutation({ mutationFn: testOwnUpstream })
  const remove = useMutation({
    mutationFn: deleteOwnUpstream,
    onSuccess: () => {
      leave(false)
      say(text.removed)
      cache.setQueryData(ownUpstreamQuery.queryKey, null)
      return cache.invalidateQueries({ queryKey: configQuery.queryKey })
    },
  })
  const facts: [string, string][] = [
    [text.provider, text.providers[own.provider as Provider] ?? own.provider],
    [text.url, own.base_url],
    [text.model, own.model],
    [text.key, `•••• ${own.key_hint}`],
    [text.changed, format.dateTime(own.updated_at)],
  ]
  return (
    <>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <div className="row">
        <Button icon="play" isPending={test.isPending} onPress={() => test.mutate()}>
          {text.test}
        </Button>
        <Button icon="edit" onPress={onEdit}>
          {text.edit}
        </Button>
        <Button icon="trash" kind="quiet" onPress={() => leave(true)}>
          {text.remove}
        </Button>
      </div>
      <div aria-live="polite">{test.data && <Outcome result={test.data} />}</div>
      {test.isError && <ErrorNotice error={test.error} />}
      <Confirm
        title={text.removeTitle}
        action={text.remove}
        isOpen={leaving}
        isPending={remove.isPending}
        onClose={() => leave(false)}
        onConfirm={() => remove.mutate()}
      >
        {text.removeText}
        {remove.isError && <ErrorNotice error={remove.error} />}
      </Confirm>
    </>
  )
}

/** What came back, in the user's words; what the upstream itself said stays as it said it. */
function Outcome({ result }: { result: UpstreamTest }) {
  const text = useText().account.own
  const format = useFormat()
  const known: Record<string, string> = text.codes
  const words = result.ok ? text.answers(format.number(result.seconds)) : known[result.code ?? ''] ?? text.fails
  return (
    <Notice tone={result.ok ? 'run' : 'bad'} icon={result.ok ? 'checkCircle' : undefined}>
      <p>{words}</p>
      <p className="quiet">{result.detail}</p>
      {result.models.length > 0 && (
        <details>
          <summary>{text.models(format.number(result.models.length))}</summary>
          <ul className="model-names mono">
            {result.models.map((name) => (
              <li key={name}>{name}</li>
            ))}
          </ul>
        </details>
      )}
    </Notice>
  )
}

function Fields({ own, onDone }: { own: Upstream | null; onDone: () => void }) {
  const all = useText()
  const text = all.account.own
  const cache = useQueryClient()
  const [provider, setProvider] = useState<Provider>((own?.provider as Provider) ?? 'openai-chat')
  const [url, setUrl] = useState(own?.base_url ?? USUAL[provider].url)
  const [model, setModel] = useState(own?.model ?? '')
  const [key, setKey] = useState('')
  const save = useMutation({
    mutationFn: () => putOwnUpstream({ provider, base_url: url.trim(), api_key: key.trim(), model: model.trim() }),
    onSuccess: (saved) => {
      cache.setQueryData(ownUpstreamQuery.queryKey, saved)
      void cache.invalidateQueries({ queryKey: configQuery.queryKey })
      say(text.saved)
      onDone()
    },
  })
  const choose = (next: Provider) => {
    // an address that was typed stays; one that came with the choice goes with it
    if (!url || url === USUAL[provider].url) setUrl(USUAL[next].url)
    setProvider(next)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Form className="stack" onSubmit={submit} autoComplete="off">
      <Select
        label={text.provider}
        value={provider}
        onChange={choose}
        choices={(Object.keys(USUAL) as Provider[]).map((id) => ({ id, label: text.providers[id] }))}
      />
      <TextField label={text.url} value={url} onChange={setUrl} inputMode="url" maxLength={500} autoComplete="off" isRequired />
      <TextField
        label={text.key}
        description={own ? text.keyAgain(own.key_hint) : text.keyHint}
        type="password"
        value={key}
        onChange={setKey}
        minLength={8}
        maxLength={500}
        autoComplete="new-password"
        isRequired
        autoFocus
      />
      <TextField label={text.model} placeholder={USUAL[provider].model} value={model} onChange={setModel} maxLength={100} autoComplete="off" isRequired />
      {save.isError && <ErrorNotice error={save.error} />}
      <div className="row">
        <Button type="submit" kind="main" isPending={save.isPending}>
          {all.shell.save}
        </Button>
        <Button onPress={onDone}>{all.shell.cancel}</Button>
      </div>
    </Form>
  )
}
