import { recall, remember } from './preferences'
import { createStore, useStore } from './store'

const single = createStore(recall('single-keys') !== 'off')

export const useSingleKeys = () => useStore(single)

export function setSingleKeys(on: boolean) {
  single.set(on)
  remember('single-keys', on ? null : 'off')
}

export const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)
export const modifierKey = isApple ? '⌘' : 'Ctrl'

/** Whether keys pressed there write text. */
export function inTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button', 'file'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target.isContentEditable
}
