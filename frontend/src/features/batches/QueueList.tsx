import { useQueries } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useCallback, useMemo, useState } from 'react'
import { GridList, GridListItem, GridListLoadMoreItem, ListLayout, Virtualizer } from 'react-aria-components'
import { coversQuery } from '@/api/batches'
import type { Image, Page, Queue } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { queueName } from '@/i18n/queue'
import { Icon } from '@/ui/icons'
import { isFinal } from './facts'
import { DeleteQueue, type QueueAction, QueueMenu } from './QueueMenu'
import { QueueRow } from './QueueRow'
import { RenameDialog } from './RenameDialog'

interface Props {
  pages: Page<Queue>[]
  isStale: boolean
  isLoadingMore: boolean
  onEnd: () => void
}

const layout = { estimatedRowHeight: 114, gap: 12, padding: 0 }

/** However many batches: only rows on the screen are in the page. Arrows move, Enter opens, Delete asks to delete. */
export function QueueList({ pages, isStale, isLoadingMore, onEnd }: Props) {
  const all = useText()
  const format = useFormat()
  const navigate = useNavigate()
  const [asking, ask] = useState<{ action: QueueAction; queue: Queue } | null>(null)
  const [menu, setMenu] = useState<{ queue: Queue; button: HTMLElement } | null>(null)
  const openMenu = useCallback((queue: Queue, button: HTMLElement) => setMenu({ queue, button }), [])
  const queues = useMemo(() => pages.flatMap((page) => page.items), [pages])
  const covers = useCovers(pages)
  const onKey = (event: KeyboardEvent) => {
    const row = event.target as HTMLElement
    if (row.role !== 'row') return
    const queue = queues.find(({ id }) => String(id) === row.dataset.key)
    if (!queue) return
    if (event.key === 'Enter') void navigate({ to: '/batches/$id', params: { id: queue.id } })
    else if (event.key === 'F2') ask({ action: 'rename', queue })
    else if (event.key === 'Delete' && isFinal(queue.status)) ask({ action: 'delete', queue })
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <div onKeyDownCapture={onKey}>
      <Virtualizer layout={ListLayout} layoutOptions={layout}>
        <GridList
          aria-label={all.batches.title}
          keyboardNavigationBehavior="tab"
          className="queue-list"
          data-stale={isStale || undefined}
        >
          {queues.map((queue) => (
            <GridListItem key={queue.id} id={String(queue.id)} textValue={queueName(all, format, queue)} className="queue-row">
              <QueueRow queue={queue} cover={covers.get(queue.id)} onMenu={openMenu} />
            </GridListItem>
          ))}
          <GridListLoadMoreItem className="more" onLoadMore={onEnd} isLoading={isLoadingMore}>
            <Icon name="run" className="spinning" size={22} />
          </GridListLoadMoreItem>
        </GridList>
      </Virtualizer>
      <QueueMenu of={menu} onAsk={(action, queue) => ask({ action, queue })} onClose={() => setMenu(null)} />
      {asking?.action === 'rename' && <RenameDialog queue={asking.queue} onClose={() => ask(null)} />}
      <DeleteQueue queue={asking?.action === 'delete' ? asking.queue : null} onClose={() => ask(null)} />
    </div>
  )
}

/** One question a page of the list; a running batch's pictures are asked for again by its own row. */
function useCovers(pages: Page<Queue>[]): Map<number, Image[]> {
  return useQueries({
    queries: pages.map((page) => coversQuery(page.items)),
    combine: (answers) => new Map(answers.flatMap(({ data }) => [...(data ?? [])])),
  })
}
