import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { meQuery } from '@/api/session'
import { useText } from '@/i18n'
import { usePageTitle } from '@/lib/title'
import { Empty } from '@/ui/feedback'
import '@/styles/admin.css'

export function AdminPage() {
  const text = useText().admin
  const { data: user } = useSuspenseQuery(meQuery)
  usePageTitle(text.title)
  if (user.role !== 'admin') return <Empty icon="users" title={text.adminOnly} />
  return (
    <>
      <div className="page-head">
        <h1>{text.title}</h1>
      </div>
      <nav className="tabs" aria-label={text.title}>
        <Link to="/admin" className="tab" activeOptions={{ exact: true }}>
          {text.tabs.config}
        </Link>
        <Link to="/admin/monitor" className="tab">
          {text.tabs.monitor}
        </Link>
        <Link to="/admin/users" className="tab">
          {text.tabs.users}
        </Link>
        <Link to="/admin/system" className="tab">
          {text.tabs.system}
        </Link>
      </nav>
      <Outlet />
    </>
  )
}
