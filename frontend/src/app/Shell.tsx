// What surrounds every page of somebody who is signed in.
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useRef } from 'react'
import { listen } from '@/api/live'
import { meQuery } from '@/api/session'
import { presence } from '@/api/presence'
import { BatchWatch } from '@/features/batches/Watch'
import { useFormat } from '@/i18n/format'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { Icon } from '@/ui/icons'
import { ConnectionStrip } from './ConnectionStrip'
import { Shortcuts } from './Shortcuts'
import { UserMenu } from './UserMenu'

const ReloginDialog = lazy(async () => ({ default: (await import('@/features/auth/ReloginDialog')).ReloginDialog }))

export function Shell() {
  const text = useText().shell
  const format = useFormat()
  const { data: user } = useSuspenseQuery(meQuery)
  const lost = useStore(presence) === 'lost'
  const main = useRef<HTMLElement>(null)
  const path = useRouterState({ select: (state) => state.location.pathname })
  const first = useRef(path)
  useEffect(() => listen(user.id), [user.id])
  useEffect(() => {
    // a new page: whoever reads with a screen reader or the keyboard starts at its top
    if (path !== first.current) main.current?.focus({ preventScroll: true })
    first.current = path
  }, [path])
  return (
    <>
      <a className="btn skip" href="#main">
        {text.skip}
      </a>
      <header className="bar">
        <Link to="/" className="brand" aria-label={text.name}>
          <img src="/favicon.svg" alt="" width={30} height={30} />
          <span>{text.name}</span>
        </Link>
        <nav className="nav" aria-label={text.nav.label}>
          <Link to="/" activeOptions={{ exact: true }}>
            {text.nav.workspace}
          </Link>
          <Link to="/batches">{text.nav.batches}</Link>
          {user.role === 'admin' && <Link to="/admin">{text.nav.admin}</Link>}
        </nav>
        <div className="bar-end">
          <Link to="/account" className="credits num" aria-label={text.creditsLabel(format.number(user.credits))}>
            <Icon name="coin" /> {text.credits(format.number(user.credits))}
          </Link>
          <UserMenu user={user} />
        </div>
      </header>
      <ConnectionStrip />
      <main id="main" ref={main} tabIndex={-1} className="page">
        <Outlet />
      </main>
      <BatchWatch />
      {lost && (
        <Suspense>
          <ReloginDialog username={user.username} />
        </Suspense>
      )}
      <Shortcuts />
    </>
  )
}
