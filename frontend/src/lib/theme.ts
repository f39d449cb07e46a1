import { recall, remember } from './preferences'
import { createStore, useStore } from './store'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

const kept = recall('theme')
const theme = createStore<Theme>(kept === 'light' || kept === 'dark' ? kept : 'system')

export const useTheme = () => useStore(theme)

export function setTheme(next: Theme) {
  theme.set(next)
  remember('theme', next === 'system' ? null : next)
  if (next === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = next
}
