import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { createToken, revokeToken, tokensQuery } from '@/api/account'
import type { ApiToken, NewApiToken } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { copyText } from '@/lib/clipboard'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { Icon } from '@/ui/icons'
import { Select } from '@/ui/Select'
import { say } from '@/ui/toast'

const VALID_DAYS = [30, 90, 365, 0]

export function Tokens() {
  const text = useText().account
  const cache = useQueryClient()
  const tokens = useQuery(tokensQuery)
  const [made, setMade] = useState<NewApiToken | null>(null)
  const [leaving, leave] = useState<ApiToken | null>(null)
  const refresh = () => cache.invalidateQueries({ queryKey: tokensQuery.queryKey })
  const revoke = useMutation({
    mutationFn: (token: ApiToken) => revokeToken(token.id),
    onSuccess: () => {
      leave(null)
      say(text.revoked)
      return refresh()
    },
  })
  return (
    <section className="card stack">
      <div className="spread">
        <h2>{text.tabs.tokens}</h2>
        <a href="/docs" className="row">
          {text.apiDocs} <Icon name="external" size={15} />
        </a>
      </div>
      <p className="quiet">{text.tokensLead}</p>
      <NewToken
        onMade={(token) => {
          setMade(token)
          void refresh()
        }}
      />
      {tokens.isError && <ErrorNotice error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.data?.length === 0 && <p className="quiet">{text.tokensEmpty}</p>}
      <ul className="stack-tight">
        {tokens.data?.map((token) => (
          <TokenRow key={token.id} token={token} onRevoke={() => leave(token)} />
        ))}
      </ul>
      {made && <ShowToken token={made} onClose={() => setMade(null)} />}
      <Confirm
        title={text.revokeTitle}
        action={text.revoke}
        isOpen={leaving !== null}
        isPending={revoke.isPending}
        onClose={() => leave(null)}
        onConfirm={() => leaving && revoke.mutate(leaving)}
      >
        {leaving && text.revokeText(leaving.name)}
        {revoke.isError && <ErrorNotice error={revoke.error} />}
      </Confirm>
    </section>
  )
}

function NewToken({ onMade }: { onMade: (token: NewApiToken) => void }) {
  const text = useText().account
  const [name, setName] = useState('')
  const [days, setDays] = useState('90')
  const create = useMutation({
    mutationFn: () => createToken(name.trim(), Number(days)),
    onSuccess: (token) => {
      setName('')
      onMade(token)
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <Form className="stack-tight" onSubmit={submit}>
      <div className="token-form">
        <TextField label={text.tokenName} placeholder={text.tokenNameHint} value={name} onChange={setName} maxLength={100} isRequired />
        <Select
          label={text.expires}
          choices={VALID_DAYS.map((count) => ({ id: String(count), label: text.days(count) }))}
          value={days}
          onChange={setDays}
        />
        <Button type="submit" icon="add" isPending={create.isPending}>
          {text.create}
        </Button>
      </div>
      {create.isError && <ErrorNotice error={create.error} />}
    </Form>
  )
}

function TokenRow({ token, onRevoke }: { token: ApiToken; onRevoke: () => void }) {
  const text = useText().account
  const format = useFormat()
  return (
    <li className="spread token">
      <span>
        <strong>{token.name}</strong> <code>{token.hint}</code>
        <span className="quiet token-facts">
          {token.expires_at ? text.expiresAt(format.dateTime(token.expires_at)) : text.never} ·{' '}
          {token.last_used_at ? text.lastUsed(format.ago(token.last_used_at)) : text.unused}
        </span>
      </span>
      <Button size="small" onPress={onRevoke} aria-label={text.revokeSession(token.name)}>
        {text.revoke}
      </Button>
    </li>
  )
}

function ShowToken({ token, onClose }: { token: NewApiToken; onClose: () => void }) {
  const text = useText()
  const copy = async () => say((await copyText(token.token)) ? text.shell.copied : text.shell.copyFailed)
  return (
    <Dialog title={token.name} isOpen onClose={onClose} width="34rem">
      <Notice tone="warn">{text.account.created}</Notice>
      <code className="secret">{token.token}</code>
      <div className="dialog-foot">
        <Button icon="copy" onPress={copy}>
          {text.shell.copy}
        </Button>
        <Button kind="main" onPress={onClose}>
          {text.account.done}
        </Button>
      </div>
    </Dialog>
  )
}
