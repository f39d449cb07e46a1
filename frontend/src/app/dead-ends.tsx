// Where a route ends badly: nothing there, or it broke. The shell around it goes on working.
import { useRouter } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useText } from '@/i18n'
import { Button, ButtonLink } from '@/ui/Button'
import { Empty, ErrorNotice } from '@/ui/feedback'

export function NotFound() {
  const text = useText().shell
  return (
    <Alone>
      <Empty icon="search" title={text.notFound.title}>
        <ButtonLink href="/" kind="main">
          {text.notFound.back}
        </ButtonLink>
      </Empty>
    </Alone>
  )
}

interface Broken {
  error: unknown
  reset: () => void
}

/** A file of the page that is gone was of an older version: only loading anew helps. */
const isOutdated = (error: unknown) =>
  error instanceof TypeError && /dynamically imported module|module script/i.test(error.message)

/** One route broke; whoever sees it may try again, or go elsewhere by the menu. */
export function Crash({ error, reset }: Broken) {
  const text = useText().shell
  const router = useRouter()
  const outdated = isOutdated(error)
  const again = () => {
    reset()
    void router.invalidate()
  }
  return (
    <Empty icon={outdated ? 'redo' : 'alert'} title={outdated ? text.outdated.title : text.crash.title}>
      <p>{outdated ? text.outdated.text : text.crash.text}</p>
      <div className="row">
        {!outdated && (
          <Button icon="redo" onPress={again}>
            {text.retry}
          </Button>
        )}
        <Button kind="main" onPress={() => location.reload()}>
          {text.crash.reload}
        </Button>
      </div>
      {!outdated && <ErrorNotice error={error} />}
    </Empty>
  )
}

/** The same where no shell is around it. */
export function CrashAlone(broken: Broken) {
  return (
    <Alone>
      <Crash {...broken} />
    </Alone>
  )
}

function Alone({ children }: { children: ReactNode }) {
  return <main className="page">{children}</main>
}
