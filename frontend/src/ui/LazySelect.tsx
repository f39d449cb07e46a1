import { lazy, Suspense } from 'react'
import { Skeleton } from './feedback'
import type { Choice } from './Select'

const Loaded = lazy(async () => ({ default: (await import('./Select')).Select<string> }))

interface Props {
  label: string
  choices: readonly Choice<string>[]
  value: string
  onChange: (value: string) => void
}

/** A select that comes when there is something to choose: many services offer one model and no options. */
export function LazySelect(props: Props) {
  return (
    <Suspense fallback={<Skeleton height="4.25rem" />}>
      <Loaded {...props} />
    </Suspense>
  )
}
