// Where a route ends badly: nothing there, or it broke.
import { useText } from '@/i18n'
import { Button, ButtonLink } from '@/ui/Button'
import { Empty, ErrorNotice } from '@/ui/feedback'

export function NotFound() {
  const text = useText().shell
  return (
    <main className="page">
      <Empty icon="search" title={text.notFound.title}>
        <ButtonLink href="/" kind="main">
          {text.notFound.back}
        </ButtonLink>
      </Empty>
    </main>
  )
}

export function Crash({ error }: { error: unknown }) {
  const text = useText().shell
  return (
    <main className="page">
      <Empty icon="alert" title={text.crash.title}>
        <p>{text.crash.text}</p>
        <Button kind="main" icon="redo" onPress={() => location.reload()}>
          {text.crash.reload}
        </Button>
        <ErrorNotice error={error} />
      </Empty>
    </main>
  )
}
