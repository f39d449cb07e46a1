// Values by key, each watched by itself: a change of one renders one tile, not the whole grid.
import { useCallback, useSyncExternalStore } from 'react'

export interface KeyedStore<T> {
  get: (key: string) => T | undefined
  set: (key: string, value: T | undefined) => void
  subscribe: (key: string, listener: () => void) => () => void
}

export function createKeyedStore<T>(): KeyedStore<T> {
  const values = new Map<string, T>()
  const listeners = new Map<string, Set<() => void>>()
  return {
    get: (key) => values.get(key),
    set(key, value) {
      if (value === undefined) values.delete(key)
      else values.set(key, value)
      for (const listener of listeners.get(key) ?? []) listener()
    },
    subscribe(key, listener) {
      const those = listeners.get(key) ?? new Set()
      listeners.set(key, those.add(listener))
      return () => {
        those.delete(listener)
        if (!those.size) listeners.delete(key)
      }
    },
  }
}

export function useKeyed<T>(store: KeyedStore<T>, key: string): T | undefined {
  const subscribe = useCallback((listener: () => void) => store.subscribe(key, listener), [store, key])
  return useSyncExternalStore(subscribe, () => store.get(key))
}
