import { useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { meQuery } from '@/api/session'
import { applyQueue } from '@/api/apply'
import type { BatchConfig } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { modifierKey } from '@/lib/keys'
import { useStore } from '@/lib/store'
import { Button, ButtonLink } from '@/ui/Button'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { ProgressBar } from '@/ui/ProgressBar'
import { say } from '@/ui/toast'
import { draft, imageOf, isIn, uploadError } from './draft'
import { modelOf, type Readiness, readiness } from './readiness'
import { isBusy, phase, start, stopUploading } from './start'

/** What it costs, and the button that starts it. On a phone it stays at the bottom of the screen. */
export function StartBar({ config }: { config: BatchConfig }) {
  const text = useText().workspace
  const now = useStore(draft)
  const step = useStore(phase)
  const { data: user } = useSuspenseQuery(meQuery)
  const model = modelOf(config, now.model)
  const ready = readiness(now, model, user.credits)
  const go = useStart(config)
  const failed = now.photos.filter((photo) => uploadError(photo)).length
  const busy = isBusy(step)
  useLeaveGuard(step.name === 'uploading')
  const why = { photos: text.needPhotos, prompt: text.needPrompt, checking: text.waitChecks, credits: null }
  return (
    <div className="card start-bar">
      {step.name === 'failed' && <ErrorNotice error={step.error} />}
      {failed > 0 && !busy && (
        <div role="alert">
          <Notice tone="bad">{text.failed(failed)}</Notice>
        </div>
      )}
      {busy ? <Uploading /> : <Cost ready={ready} each={model.credits} balance={user.credits} />}
      <div className="start-row">
        {busy ? (
          <Button size="large" icon="stop" onPress={stopUploading} isDisabled={step.name === 'creating'}>
            {text.stop}
          </Button>
        ) : (
          <Button
            kind="main"
            size="large"
            isDisabled={ready.obstacle !== null && ready.obstacle !== 'prompt'}
            onPress={ready.obstacle === 'prompt' ? focusPrompt : go}
            aria-describedby="start-why"
          >
            {failed > 0 ? text.retryUpload : text.start(ready.count)}
            <kbd className="start-keys">{modifierKey} ↵</kbd>
          </Button>
        )}
      </div>
      <p id="start-why" className="quiet start-why">
        {!busy && ready.obstacle && why[ready.obstacle]}
      </p>
    </div>
  )
}

/** The one thing missing is words, so the button leads to where they are written. */
const focusPrompt = () => document.querySelector<HTMLTextAreaElement>('.wish textarea')?.focus()

/** Starts and goes to the new batch; Ctrl/Cmd+Enter does the same from anywhere on the page. */
function useStart(config: BatchConfig) {
  const text = useText().workspace
  const navigate = useNavigate()
  const cache = useQueryClient()
  const go = async () => {
    const model = modelOf(config, draft.get().model)
    const user = cache.getQueryData(meQuery.queryKey)
    if (readiness(draft.get(), model, user?.credits ?? 0).obstacle) return
    const queue = await start(model)
    if (!queue) return
    applyQueue(queue)
    say(text.startedToast(queue.total_images))
    await navigate({ to: '/batches/$id', params: { id: queue.id } })
  }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
      if (document.querySelector('[role=dialog], [role=alertdialog]')) return
      event.preventDefault()
      event.stopPropagation()
      void go()
    }
    // before the focused control: Enter would press it as well
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  })
  return () => void go()
}

function Cost({ ready, each, balance }: { ready: Readiness; each: number; balance: number }) {
  const text = useText()
  const format = useFormat()
  const short = ready.cost - balance
  if (!ready.count) return <p className="quiet num">{text.shell.credits(format.number(balance))}</p>
  return (
    <div className="cost num">
      <strong>{text.workspace.sum(format.number(ready.count), format.number(each), format.number(ready.cost))}</strong>
      {short > 0 ? (
        <p className="row">
          <span className="badge" data-tone="bad">
            {text.workspace.short(format.number(short))}
          </span>
          <ButtonLink href="/account" size="small" kind="quiet">
            {text.shell.account}
          </ButtonLink>
        </p>
      ) : (
        <p className="quiet">{text.workspace.balance(format.number(balance), format.number(-short))}</p>
      )}
    </div>
  )
}

function Uploading() {
  const text = useText().workspace
  const step = useStore(phase)
  const photos = useStore(draft).photos.filter(isIn)
  const done = photos.filter(imageOf).length
  if (step.name === 'creating') return <p role="status">{text.creating}</p>
  return (
    <ProgressBar
      label={text.uploading(done, photos.length)}
      total={photos.length}
      parts={[{ tone: 'run', count: done }]}
    />
  )
}

/** The browser asks before the page is closed while bytes are on their way. */
function useLeaveGuard(active: boolean) {
  useEffect(() => {
    if (!active) return
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [active])
}
