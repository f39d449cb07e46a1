import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useCallback, useEffect } from 'react'
import { applyQueue } from '@/api/apply'
import { meQuery } from '@/api/session'
import type { BatchConfig, Queue } from '@/api/types'
import { useText } from '@/i18n'
import { askToNotify } from '@/lib/notify'
import { useStore } from '@/lib/store'
import { say } from '@/ui/toast'
import { draft } from './draft'
import { keeping } from './keeping'
import { modelOf, readiness } from './readiness'
import { resume, start } from './start'

/** Start; the number is how many images are to be tried first, 0 for none. */
export type Go = (sample: number) => void

/** Starts and goes to the new batch, unless one has left the workspace by then. Ctrl/Cmd+Enter does the same from anywhere on
 * the page; with Shift, one image first. */
export function useStart(config: BatchConfig) {
  const text = useText().workspace
  const router = useRouter()
  const cache = useQueryClient()
  const now = useStore(draft)
  const back = useStore(keeping) !== 'looking'
  const { data: user } = useSuspenseQuery(meQuery)
  const model = modelOf(config, now.model)
  const ready = readiness(now, model, user.credits, config.max_files)

  const arrive = useCallback(
    async (queue: Queue | null) => {
      if (!queue) return
      applyQueue(queue)
      say(text.startedToast(queue.total_images))
      const { rest } = draft.get()
      if (rest.length) say(text.restWaiting(rest.length))
      // whoever went elsewhere while the photos were on their way stays there
      if (router.state.location.pathname === '/') await router.navigate({ to: '/batches/$id', params: { id: queue.id } })
    },
    [router, text],
  )
  const go: Go = (sample) => {
    // as things are now, which may be newer than what was last drawn
    const balance = cache.getQueryData(meQuery.queryKey)?.credits ?? 0
    if (readiness(draft.get(), model, balance, config.max_files).obstacle) return
    askToNotify()
    void start(model, sample).then(arrive)
  }
  useEffect(() => {
    if (back) void resume(model).then(arrive)
  }, [back, model, arrive])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      if (document.querySelector('[role=dialog], [role=alertdialog]')) return
      event.preventDefault()
      event.stopPropagation()
      go(event.shiftKey && ready.count > 1 ? 1 : 0)
    }
    // before the focused control: Enter would press it as well
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  })
  return { ready, model, balance: user.credits, go }
}
