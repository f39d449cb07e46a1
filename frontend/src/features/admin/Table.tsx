import type { ReactNode } from 'react'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { Empty } from '@/ui/feedback'

interface Props {
  label: string
  columns: string[]
  isEmpty: boolean
  emptyText?: string
  more: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
  children: ReactNode
}

/** A table that scrolls sideways by itself on a narrow screen, and can be scrolled by keyboard. */
export function Table({ label, columns, isEmpty, emptyText, more, children }: Props) {
  const text = useText()
  if (isEmpty) return <Empty icon="search" title={emptyText ?? text.admin.noRows} />
  return (
    <>
      <div className="table-wrap" tabIndex={0} role="region" aria-label={label}>
        <table className="table admin-table">
          <thead>
            <tr>
              {columns.map((column, at) => (column ? <th key={at} scope="col">{column}</th> : <td key={at} />))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
      {more.hasNextPage && (
        <div>
          <Button size="small" isPending={more.isFetchingNextPage} onPress={() => void more.fetchNextPage()}>
            {text.shell.loadMore}
          </Button>
        </div>
      )}
    </>
  )
}
