// `?` lists the keys. Single-letter keys can be switched off, because speech input types them by accident (WCAG 2.1.4).
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { inTextField, useSingleKeys } from '@/lib/keys'
import { createStore, useStore } from '@/lib/store'

const ShortcutsDialog = lazy(async () => ({ default: (await import('./ShortcutsDialog')).ShortcutsDialog }))

const shown = createStore(false)
export const openShortcuts = () => shown.set(true)

export function Shortcuts() {
  const isOpen = useStore(shown)
  const single = useSingleKeys()
  const navigate = useNavigate()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || inTextField(event.target)) return
      if (document.querySelector('[role=dialog], [role=alertdialog]') || !single) return
      if (event.key === '?') openShortcuts()
      else if (event.key === 'w') void navigate({ to: '/' })
      else if (event.key === 'b') void navigate({ to: '/batches' })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [single, navigate])
  if (!isOpen) return null
  return (
    <Suspense>
      <ShortcutsDialog onClose={() => shown.set(false)} />
    </Suspense>
  )
}
