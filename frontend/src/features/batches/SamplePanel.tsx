// The samples of a batch wait for a word: go on, perhaps with better words, or give the rest back.
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { applyQueue } from '@/api/apply'
import { approveQueue, cancelQueue } from '@/api/batches'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { taskError } from '@/i18n/task'
import { Button } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice } from '@/ui/feedback'
import { TextBox } from '@/ui/fields'
import { say } from '@/ui/toast'
import { passFocus } from './focus'

interface Props {
  queue: Queue
  tasks: Task[]
  onOpen: (task: Task) => void
}

export function SamplePanel({ queue, tasks, onOpen }: Props) {
  const text = useText().batches
  const format = useFormat()
  const [prompt, setPrompt] = useState(queue.prompt)
  const [asking, ask] = useState(false)
  const panel = useRef<HTMLElement>(null)
  const samples = tasks.filter(({ status }) => status === 'completed' || status === 'failed')
  const failed = samples.filter(({ status }) => status === 'failed').length
  const rest = tasks.filter(({ status }) => status === 'pending').length
  const changed = prompt.trim() !== queue.prompt
  const decided = (next: Queue) => {
    passFocus(panel.current)
    applyQueue(next)
  }
  const approve = useMutation({
    mutationFn: () => approveQueue(queue.id, changed ? prompt.trim() : undefined),
    onSuccess: (next) => {
      decided(next)
      say(text.approved(rest))
    },
  })
  const cancel = useMutation({ mutationFn: () => cancelQueue(queue.id), onSuccess: decided })
  return (
    <section className="card sample-panel" aria-labelledby="samples-title" ref={panel}>
      <div>
        <h2 id="samples-title">{text.samplesTitle}</h2>
        <p className="quiet">{text.samplesText(samples.length - failed, failed, rest)}</p>
      </div>
      <ul className="samples">
        {samples.map((task) => (
          <li key={task.id}>
            <AriaButton className="sample" onPress={() => onOpen(task)} aria-label={`${text.compare} ${task.original_filename}`}>
              {task.original_image && <img src={task.original_image.thumbnail_url} alt={text.original} />}
              {task.generated_image && <img src={task.generated_image.thumbnail_url} alt={text.result} />}
            </AriaButton>
            {task.status === 'failed' && <Failed task={task} />}
          </li>
        ))}
      </ul>
      <div className="stack">
        <TextBox label={text.samplePrompt} description={text.samplePromptHint(rest)} value={prompt} onChange={setPrompt} maxLength={4000} rows={4} />
        {approve.isError && <ErrorNotice error={approve.error} />}
        {cancel.isError && <ErrorNotice error={cancel.error} />}
        <div className="row sample-acts">
          <Button kind="main" size="large" icon="play" isPending={approve.isPending} isDisabled={!prompt.trim()} onPress={() => approve.mutate()}>
            {changed ? text.approveChanged(rest) : text.approve(rest)}
          </Button>
          <Button kind="quiet" icon="stop" isPending={cancel.isPending} onPress={() => ask(true)}>
            {text.cancelRest(rest)}
          </Button>
          <span className="quiet num">{text.heldFor(format.number(queue.credits_held))}</span>
        </div>
      </div>
      <Confirm
        title={text.cancelRestTitle}
        action={text.cancelRest(rest)}
        isOpen={asking}
        onClose={() => ask(false)}
        onConfirm={() => {
          cancel.mutate()
          ask(false)
        }}
      >
        {text.cancelRestText(format.number(queue.credits_held))}
      </Confirm>
    </section>
  )
}

function Failed({ task }: { task: Task }) {
  const text = useText()
  return <p className="failure">{taskError(text, task)}</p>
}
