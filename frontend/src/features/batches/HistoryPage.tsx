import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { queuesQuery } from '@/api/batches'
import type { QueueStatus } from '@/api/types'
import { useText } from '@/i18n'
import { statuses } from '@/lib/statuses'
import { usePageTitle } from '@/lib/title'
import { Button, ButtonLink } from '@/ui/Button'
import { Empty, ErrorNotice } from '@/ui/feedback'
import { SearchField } from '@/ui/SearchField'
import { Select } from '@/ui/Select'
import '@/styles/history.css'
import { QueueList } from './QueueList'

/** All batches, newest first; what is searched for is in the address. */
export function HistoryPage() {
  const all = useText()
  const text = all.batches
  const search = useSearch({ from: '/home/batches' })
  const navigate = useNavigate({ from: '/batches' })
  const list = useInfiniteQuery({ ...queuesQuery(search), placeholderData: keepPreviousData })
  usePageTitle(text.title)
  const filter = (change: { q?: string; status?: QueueStatus }) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true })
  const filtered = Boolean(search.q || search.status)
  const none = list.data?.pages.every((page) => page.items.length === 0)
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{text.title}</h1>
          <p>{text.lead}</p>
        </div>
        <div className="history-filters">
          <SearchField
            label={text.search}
            value={search.q ?? ''}
            onSubmit={(q) => filter({ q: q.trim() || undefined })}
            onClear={() => filter({ q: undefined })}
          />
          <Select
            bare
            label={text.filter}
            value={search.status ?? 'any'}
            onChange={(status) => filter({ status: status === 'any' ? undefined : status })}
            choices={[
              { id: 'any' as const, label: text.allStatuses },
              ...statuses.map((status) => ({ id: status, label: all.shell.statuses[status] })),
            ]}
          />
        </div>
      </div>
      {list.isError && <ErrorNotice error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <RowsLoading />}
      {none &&
        (filtered ? (
          <Empty icon="search" title={text.noMatch}>
            <Button onPress={() => void navigate({ search: {}, replace: true })}>{text.clearFilter}</Button>
          </Empty>
        ) : (
          <Empty icon="folder" title={text.empty}>
            <p>{text.emptyText}</p>
            <ButtonLink kind="main" href="/">
              {text.emptyAction}
            </ButtonLink>
          </Empty>
        ))}
      {list.data && !none && (
        <QueueList
          pages={list.data.pages}
          isStale={list.isPlaceholderData}
          isLoadingMore={list.isFetchingNextPage}
          onEnd={() => list.hasNextPage && !list.isFetching && void list.fetchNextPage()}
        />
      )}
    </>
  )
}

function RowsLoading() {
  const text = useText().shell
  return (
    <div className="rows-loading" role="status" aria-label={text.loading}>
      {Array.from({ length: 6 }, (_, at) => (
        <div key={at} className="skeleton row-loading" aria-hidden="true" />
      ))}
    </div>
  )
}
