import { useMutation } from '@tanstack/react-query'
import type { FormEvent } from 'react'
import { Form } from 'react-aria-components'
import { type Credentials, signIn } from '@/api/session'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { ErrorNotice } from '@/ui/feedback'
import { TextField } from '@/ui/fields'

/** Password managers and pasting work: plain fields with the names they look for. */
export function SignInForm({ username, onDone }: { username?: string; onDone?: () => void }) {
  const text = useText().auth
  const attempt = useMutation({ mutationFn: signIn, onSuccess: onDone })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    attempt.mutate(Object.fromEntries(new FormData(event.currentTarget)) as unknown as Credentials)
  }
  return (
    <Form className="stack" onSubmit={submit}>
      <TextField
        name="username"
        label={text.username}
        autoComplete="username"
        defaultValue={username}
        isReadOnly={Boolean(username)}
        isRequired
        autoFocus={!username}
      />
      <TextField
        name="password"
        type="password"
        label={text.password}
        autoComplete="current-password"
        isRequired
        autoFocus={Boolean(username)}
      />
      {attempt.isError && <ErrorNotice error={attempt.error} />}
      <Button type="submit" kind="main" size="large" isPending={attempt.isPending}>
        {text.signIn}
      </Button>
    </Form>
  )
}
