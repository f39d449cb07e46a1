import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, useRef, useState } from 'react'
import { promptsQuery } from '@/api/batches'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { TextBox } from '@/ui/fields'
import { Menu } from '@/ui/Menu'
import { change, draft, useDraft } from './draft'
import { characters, MOST_CHARACTERS } from './readiness'

const LISTED = 12
const SHOWN = 70

/** The prompt, with the earlier ones at hand: Alt+Up and Alt+Down, or the list. */
export function PromptBox() {
  const text = useText().workspace
  const format = useFormat()
  const prompt = useDraft((now) => now.prompt)
  const walk = useHistoryWalk()
  const used = characters(prompt)
  return (
    <div className="prompt-box">
      <TextBox
        label={text.prompt}
        placeholder={text.promptHint}
        rows={5}
        value={prompt}
        isInvalid={used > MOST_CHARACTERS}
        onChange={(next) => {
          walk.leave()
          change({ prompt: next })
        }}
        onKeyDown={walk.onKeyDown}
        description={
          <span className="num counter" data-over={used > MOST_CHARACTERS || undefined}>
            {text.promptLeft(format.number(used), format.number(MOST_CHARACTERS))}
          </span>
        }
      />
      <History />
    </div>
  )
}

/** Up is older, down is newer, and below the newest lies what was being written. */
function useHistoryWalk() {
  const cache = useQueryClient()
  const at = useRef(-1)
  const written = useRef('')
  const step = async (by: number) => {
    const prompts = await cache.ensureQueryData(promptsQuery)
    if (at.current === -1) written.current = draft.get().prompt
    // what stands in the field already is no step
    const start = at.current === -1 && by > 0 && prompts[0] === written.current ? 0 : at.current
    const next = Math.max(-1, Math.min(prompts.length - 1, start + by))
    at.current = next
    change({ prompt: next === -1 ? written.current : (prompts[next] ?? '') })
  }
  return {
    leave: () => {
      at.current = -1
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return
      event.preventDefault()
      // where no history can be had, the keys do nothing
      step(event.key === 'ArrowUp' ? 1 : -1).catch(() => {})
    },
  }
}

function History() {
  const text = useText().workspace
  const [wanted, want] = useState(false)
  const { data: prompts } = useQuery({ ...promptsQuery, enabled: wanted })
  const actions = (prompts ?? []).slice(0, LISTED).map((prompt, at) => ({
    id: String(at),
    label: prompt.length > SHOWN ? `${prompt.slice(0, SHOWN)}…` : prompt,
    run: () => change({ prompt }),
  }))
  const none = prompts ? text.noHistory : text.historyLoading
  return (
    <div className="prompt-history" onFocusCapture={() => want(true)} onPointerEnter={() => want(true)}>
      <Menu
        label={text.history}
        trigger={
          <Button size="small" kind="quiet" icon="clock">
            {text.history}
          </Button>
        }
        actions={actions}
        note={<span className="quiet">{actions.length ? text.historyKeys : none}</span>}
      />
    </div>
  )
}
