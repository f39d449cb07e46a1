import { useMutation } from '@tanstack/react-query'
import { Link, useRouter, useSearch } from '@tanstack/react-router'
import type { FormEvent } from 'react'
import { Form } from 'react-aria-components'
import { register } from '@/api/session'
import { useText } from '@/i18n'
import { usePageTitle } from '@/lib/title'
import { Button } from '@/ui/Button'
import { ErrorNotice } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { Welcome } from './Welcome'

export function RegisterPage() {
  const text = useText().auth
  const router = useRouter()
  const search = useSearch({ from: '/register' })
  usePageTitle(text.register)
  const attempt = useMutation({
    mutationFn: register,
    onSuccess: () => router.history.replace(search.next ?? '/'),
  })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const email = String(form.get('email')).trim()
    attempt.mutate({
      username: String(form.get('username')),
      password: String(form.get('password')),
      ...(email && { email }),
    })
  }
  return (
    <Welcome title={text.register}>
      <Form className="stack" onSubmit={submit}>
        <TextField
          name="username"
          label={text.username}
          description={text.usernameHint}
          autoComplete="username"
          minLength={3}
          maxLength={32}
          isRequired
          autoFocus
        />
        <TextField
          name="password"
          type="password"
          label={text.password}
          description={text.passwordHint}
          autoComplete="new-password"
          minLength={8}
          maxLength={128}
          isRequired
        />
        <TextField name="email" type="email" label={text.email} autoComplete="email" />
        {attempt.isError && <ErrorNotice error={attempt.error} />}
        <Button type="submit" kind="main" size="large" isPending={attempt.isPending}>
          {text.register}
        </Button>
      </Form>
      <p className="quiet">
        {text.haveAccount}{' '}
        <Link to="/sign-in" search={search}>
          {text.signIn}
        </Link>
      </p>
    </Welcome>
  )
}
