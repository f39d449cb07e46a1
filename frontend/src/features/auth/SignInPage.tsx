import { Link, useRouter, useSearch } from '@tanstack/react-router'
import { useText } from '@/i18n'
import { usePageTitle } from '@/lib/title'
import { SignInForm } from './SignInForm'
import { Welcome } from './Welcome'

export function SignInPage() {
  const text = useText().auth
  const router = useRouter()
  const search = useSearch({ from: '/sign-in' })
  usePageTitle(text.signIn)
  return (
    <Welcome title={text.signIn}>
      <SignInForm onDone={() => router.history.replace(search.next ?? '/')} />
      <p className="quiet">
        {text.noAccount}{' '}
        <Link to="/register" search={search}>
          {text.register}
        </Link>
      </p>
    </Welcome>
  )
}
