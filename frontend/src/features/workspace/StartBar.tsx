import { useEffect, useRef } from 'react'
import type { BatchConfig } from '@/api/types'
import { useText } from '@/i18n'
import { modifierKey } from '@/lib/keys'
import { useStore } from '@/lib/store'
import { Button, IconButton } from '@/ui/Button'
import { ErrorNotice, Notice } from '@/ui/feedback'
import { Menu } from '@/ui/Menu'
import { Cost } from './Cost'
import { draft, everyPhoto, isIn } from './draft'
import './guard'
import { characters, MOST_CHARACTERS, type Readiness } from './readiness'
import { useTraffic } from './SheetHead'
import { isBusy, type Phase, phase, stopUploading } from './start'
import { type Go, useStart } from './useStart'

/** The API takes up to three images to try first. */
const MOST_SAMPLES = 3

/** What it costs, and the buttons that start it. On a phone it stays at the bottom of the screen. */
export function StartBar({ config }: { config: BatchConfig }) {
  const text = useText().workspace
  const now = useStore(draft)
  const step = useStore(phase)
  const { ready, model, balance, go } = useStart(config)
  const failed = everyPhoto(now).filter((photo) => isIn(photo) && photo.error).length
  const busy = isBusy(step)
  const row = useKeptFocus(busy)
  return (
    <div className="card start-bar">
      {step.name === 'failed' && <Failed step={step} />}
      {failed > 0 && !busy && (
        <div role="alert">
          <Notice tone="bad">{text.failed(failed)}</Notice>
        </div>
      )}
      {busy ? <Waiting step={step} /> : <Cost ready={ready} model={model} balance={balance} />}
      <div className="start-row" ref={row}>
        {busy ? (
          <Button size="large" icon="stop" onPress={stopUploading} isDisabled={step.name === 'creating'}>
            {text.stop}
          </Button>
        ) : (
          <>
            <TryFirst ready={ready} go={go} />
            <Button
              kind="main"
              size="large"
              isDisabled={ready.obstacle !== null && ready.obstacle !== 'prompt'}
              onPress={ready.obstacle === 'prompt' ? focusPrompt : () => go(0)}
              aria-describedby="start-why"
            >
              {failed > 0 ? text.retryUpload : text.start(ready.count)}
            </Button>
          </>
        )}
      </div>
      <Why ready={ready} busy={busy} most={config.max_files} />
    </div>
  )
}

/** The one thing missing is words, so the button leads to where they are written. */
const focusPrompt = () => document.querySelector<HTMLTextAreaElement>('.wish textarea')?.focus()

/** One image first, or two or three; the rest waits until somebody has looked at them. */
function TryFirst({ ready, go }: { ready: Readiness; go: Go }) {
  const text = useText().workspace
  if (ready.count < 2) return null
  const isDisabled = ready.obstacle !== null
  const more = Array.from({ length: MOST_SAMPLES - 1 }, (_, at) => at + 2).filter((count) => count < ready.count)
  return (
    <div className="try-first">
      <Button size="large" isDisabled={isDisabled} onPress={() => go(1)} aria-describedby="try-why">
        {text.tryOne}
      </Button>
      {more.length > 0 && (
        <Menu
          label={text.trySome}
          trigger={<IconButton kind="plain" icon="chevron" label={text.trySome} isDisabled={isDisabled} />}
          actions={more.map((count) => ({ id: String(count), label: text.tryFirst(count), run: () => go(count) }))}
          note={<span className="quiet">{text.tryHint}</span>}
        />
      )}
      <span id="try-why" className="unseen">
        {text.tryHint}
      </span>
    </div>
  )
}

function Why({ ready, busy, most }: { ready: Readiness; busy: boolean; most: number }) {
  const text = useText().workspace
  const { prompt } = useStore(draft)
  const why = {
    photos: text.needPhotos,
    many: text.tooMany(ready.count - most, most),
    prompt: text.needPrompt,
    long: text.tooLong(characters(prompt) - MOST_CHARACTERS),
    checking: text.waitChecks,
    credits: text.needCredits,
  }
  return (
    <div className="start-foot quiet" data-obstacle={(!busy && ready.obstacle) || undefined}>
      <p id="start-why">{!busy && (ready.obstacle ? why[ready.obstacle] : ready.count > 1 && text.tryHint)}</p>
      {!busy && <kbd className="start-keys">{modifierKey} ↵</kbd>}
    </div>
  )
}

function Failed({ step }: { step: Extract<Phase, { name: 'failed' }> }) {
  const text = useText().workspace
  const { attempt } = useStore(draft)
  return (
    <>
      <ErrorNotice error={step.error} />
      {attempt && <p className="quiet">{text.unanswered}</p>}
    </>
  )
}

function Waiting({ step }: { step: Phase }) {
  const text = useText().workspace
  const traffic = useTraffic()
  if (step.name === 'creating' || !traffic) return <p role="status">{text.creating}</p>
  return (
    <p className="num">
      <strong>{text.uploading(traffic.done, traffic.count)}</strong>{' '}
      <span className="quiet">
        {text.startsAfter}
        {traffic.rate && ` · ${text.about(traffic.rate.secondsLeft)}`}
      </span>
    </p>
  )
}

/** Start and stop stand in one place: whoever had the focus on the one has it on the other. */
function useKeptFocus(busy: boolean) {
  const row = useRef<HTMLDivElement>(null)
  const before = useRef(busy)
  useEffect(() => {
    const swapped = before.current !== busy
    before.current = busy
    if (swapped && document.activeElement === document.body) row.current?.querySelector<HTMLElement>(':scope > button')?.focus()
  }, [busy])
  return row
}
