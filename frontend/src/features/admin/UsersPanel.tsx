import { keepPreviousData, useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { adminKeys, changeUser, usersQuery } from '@/api/admin'
import type { AdminUser } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { IconButton } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { SearchField } from '@/ui/SearchField'
import { Icon } from '@/ui/icons'
import { type Action, Menu } from '@/ui/Menu'
import { say } from '@/ui/toast'
import { CreditsDialog } from './CreditsDialog'
import { Table } from './Table'

export function UsersPanel() {
  const text = useText().admin
  const { q } = useSearch({ from: '/home/admin/users' })
  const navigate = useNavigate({ from: '/admin/users' })
  const list = useInfiniteQuery({ ...usersQuery(q), placeholderData: keepPreviousData })
  const cache = useQueryClient()
  const [adjusting, adjust] = useState<AdminUser | null>(null)
  const [leaving, leave] = useState<AdminUser | null>(null)
  const change = useMutation({
    mutationFn: ({ id, ...fields }: { id: number } & Parameters<typeof changeUser>[1]) => changeUser(id, fields),
    onSuccess: () => {
      leave(null)
      say(text.changed)
      return cache.invalidateQueries({ queryKey: adminKeys.users })
    },
  })
  const search = (words: string) => void navigate({ search: words.trim() ? { q: words.trim() } : {}, replace: true })
  return (
    <section className="card stack">
      <div className="users-search">
        <SearchField label={text.searchUsers} value={q ?? ''} onSubmit={search} onClear={() => search('')} />
      </div>
      {change.isError && !leaving && <ErrorNotice error={change.error} />}
      {list.isError && !list.data && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Skeleton height="14rem" />}
      {list.data && (
        <Table
          label={text.tabs.users}
          columns={[text.columns.user, text.role, text.status, text.credits, text.joined, '']}
          isEmpty={list.data.pages[0]?.items.length === 0}
          more={list}
        >
          {list.data.pages
            .flatMap((page) => page.items)
            .map((user) => (
              <UserRow
                key={user.id}
                user={user}
                onAdjust={() => adjust(user)}
                onChange={(fields) => (fields.is_active === false ? leave(user) : change.mutate({ id: user.id, ...fields }))}
              />
            ))}
        </Table>
      )}
      <Confirm
        title={leaving ? text.disableTitle(leaving.username) : ''}
        action={text.disable}
        isOpen={leaving !== null}
        isPending={change.isPending}
        onClose={() => leave(null)}
        onConfirm={() => leaving && change.mutate({ id: leaving.id, is_active: false })}
      >
        {text.disableText}
        {change.isError && <ErrorNotice error={change.error} />}
      </Confirm>
      {adjusting && <CreditsDialog user={adjusting} onClose={() => adjust(null)} />}
    </section>
  )
}

interface RowProps {
  user: AdminUser
  onAdjust: () => void
  onChange: (fields: Parameters<typeof changeUser>[1]) => void
}

function UserRow({ user, onAdjust, onChange }: RowProps) {
  const text = useText().admin
  const format = useFormat()
  const isAdmin = user.role === 'admin'
  const actions: Action[] = [
    { id: 'credits', label: text.adjust, icon: 'coin', run: onAdjust },
    {
      id: 'role',
      label: isAdmin ? text.makeUser : text.makeAdmin,
      icon: 'user',
      run: () => onChange({ role: isAdmin ? 'user' : 'admin' }),
    },
    {
      id: 'active',
      label: user.is_active ? text.disable : text.enable,
      icon: user.is_active ? 'stop' : 'play',
      tone: user.is_active ? 'bad' : undefined,
      run: () => onChange({ is_active: !user.is_active }),
    },
  ]
  return (
    <tr>
      <td>
        <strong>{user.username}</strong>
        {user.email && <span className="quiet cell-line">{user.email}</span>}
      </td>
      <td>
        <span className="badge" data-tone={isAdmin ? 'accent' : undefined}>
          {text.roles[user.role]}
        </span>
      </td>
      <td>
        <span className="badge" data-tone={user.is_active ? 'ok' : 'bad'}>
          <Icon name={user.is_active ? 'checkCircle' : 'stop'} size={14} />
          {user.is_active ? text.active : text.disabled}
        </span>
      </td>
      <td className="num">{format.number(user.credits)}</td>
      <td className="nowrap">{format.dateTime(user.created_at)}</td>
      <td className="right">
        <Menu
          label={text.userActions(user.username)}
          trigger={<IconButton icon="more" size="small" label={text.userActions(user.username)} />}
          actions={actions}
        />
      </td>
    </tr>
  )
}
