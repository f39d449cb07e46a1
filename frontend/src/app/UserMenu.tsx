import { useNavigate } from '@tanstack/react-router'
import { Button } from 'react-aria-components'
import { forgetUser, signOut } from '@/api/session'
import type { User } from '@/api/types'
import { useLanguage } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { setTheme, useTheme } from '@/lib/theme'
import { type Action, Menu } from '@/ui/Menu'
import { sayError } from '@/ui/toast'
import { openShortcuts } from './Shortcuts'

export function UserMenu({ user }: { user: User }) {
  const { text: all, locale, change } = useLanguage()
  const text = all.shell
  const format = useFormat()
  const theme = useTheme()
  const navigate = useNavigate()
  const other = locale === 'en' ? 'zh-CN' : 'en'
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  const leave = async () => {
    try {
      await signOut()
    } catch (error) {
      sayError(all, error)
      return
    }
    await navigate({ to: '/sign-in' })
    forgetUser()
  }
  const actions: Action[] = [
    { id: 'account', label: text.account, icon: 'user', href: '/account' },
    { id: 'theme', label: text.themes[dark ? 'light' : 'dark'], icon: 'monitor', run: () => setTheme(dark ? 'light' : 'dark') },
    { id: 'language', label: text.languages[other], icon: 'edit', run: () => change(other) },
    { id: 'shortcuts', label: text.shortcuts, icon: 'keyboard', run: openShortcuts },
    { id: 'sign-out', label: text.signOut, icon: 'back', run: () => void leave() },
  ]
  const trigger = (
    <Button className="avatar-button" aria-label={text.menu(user.username)}>
      <span className="avatar">{Array.from(user.username)[0]}</span>
    </Button>
  )
  return (
    <Menu
      label={text.account}
      trigger={trigger}
      actions={actions}
      note={
        <>
          <strong>{user.username}</strong>
          <p className="quiet num">{text.credits(format.number(user.credits))}</p>
        </>
      }
    />
  )
}
