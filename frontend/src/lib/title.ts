import { useEffect } from 'react'

const NAME = 'Nano-Banana'

export function usePageTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · ${NAME}`
    return () => {
      document.title = NAME
    }
  }, [title])
}
