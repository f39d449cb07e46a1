import { useSyncExternalStore } from 'react'
import { recall, remember } from './preferences'
import { createStore, useStore } from './store'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const kept = recall('theme')
const theme = createStore<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system')
const system = matchMedia('(prefers-color-scheme: dark)')

export const useTheme = () => useStore(theme)

/** Whether the page is dark now, chosen or by the system. */
export function useDark(): boolean {
  const chosen = useTheme()
  const bySystem = useSyncExternalStore(watchSystem, () => system.matches)
  return chosen === 'system' ? bySystem : chosen === 'dark'
}

function watchSystem(listener: () => void) {
  system.addEventListener('change', listener)
  return () => system.removeEventListener('change', listener)
}

export function setTheme(next: Theme) {
  theme.set(next)
  remember('theme', next === 'system' ? null : next)
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
}
