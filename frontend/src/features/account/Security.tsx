import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { Form } from 'react-aria-components'
import { changePassword, revokeSession, sessionsQuery } from '@/api/account'
import type { SignedInSession } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { Icon } from '@/ui/icons'
import { say, sayError } from '@/ui/toast'

export function Security() {
  const text = useText().account
  const sessions = useQuery(sessionsQuery)
  return (
    <>
      <Password />
      <section className="card stack">
        <h2>{text.sessions}</h2>
        {sessions.isError && <ErrorNotice error={sessions.error} onRetry={() => void sessions.refetch()} />}
        {sessions.isPending && <Skeleton height="4rem" />}
        <ul className="stack">
          {sessions.data?.map((session) => (
            <Session key={session.id} session={session} />
          ))}
        </ul>
      </section>
    </>
  )
}

function Password() {
  const text = useText().account
  const attempt = useMutation({
    mutationFn: (form: FormData) => changePassword(String(form.get('current')), String(form.get('next'))),
    onSuccess: () => say(text.changed),
  })
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = event.currentTarget
    attempt.mutate(new FormData(form), { onSuccess: () => form.reset() })
  }
  return (
    <section className="card">
      <Form className="stack" onSubmit={submit}>
        <h2>{text.password}</h2>
        <TextField name="current" type="password" label={text.current} autoComplete="current-password" isRequired />
        <TextField
          name="next"
          type="password"
          label={text.next}
          description={text.passwordHint}
          autoComplete="new-password"
          minLength={8}
          maxLength={128}
          isRequired
        />
        {attempt.isError && <ErrorNotice error={attempt.error} />}
        <div>
          <Button type="submit" isPending={attempt.isPending}>
            {text.password}
          </Button>
        </div>
      </Form>
    </section>
  )
}

function Session({ session }: { session: SignedInSession }) {
  const all = useText()
  const text = all.account
  const format = useFormat()
  const cache = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => revokeSession(session.id),
    onSuccess: () => {
      say(text.revoked)
      return cache.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    },
    onError: (error) => sayError(all, error),
  })
  const name = browserName(session.user_agent)
  return (
    <li className="spread">
      <span className="device">
        <Icon name="monitor" />
        <span>
          {name} · <span className="mono">{session.address}</span>
          <span className="quiet">{text.lastSeen(format.ago(session.last_seen_at))}</span>
        </span>
      </span>
      {session.current ? (
        <span className="badge" data-tone="ok">
          {text.thisDevice}
        </span>
      ) : (
        <Button size="small" isPending={revoke.isPending} onPress={() => revoke.mutate()} aria-label={text.revokeSession(name)}>
          {text.revoke}
        </Button>
      )}
    </li>
  )
}

/** `Chrome, Linux` out of a browser's long name for itself. */
function browserName(agent: string): string {
  const browser = /(Edg|Firefox|Chrome|Safari)/.exec(agent)?.[1]?.replace('Edg', 'Edge')
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1]?.replace('Mac OS X', 'macOS')
  return [browser, system].filter(Boolean).join(', ') || agent.slice(0, 40)
}
