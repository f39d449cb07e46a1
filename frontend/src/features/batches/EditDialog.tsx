import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form, Label, Radio, RadioGroup } from 'react-aria-components'
import { applyTask } from '@/api/apply'
import { configQuery, editTask } from '@/api/batches'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useOnce } from '@/lib/once'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice } from '@/ui/feedback'
import { TextBox } from '@/ui/fields'
import { say } from '@/ui/toast'

type Source = 'generated' | 'original'

interface Props {
  queue: Queue
  tasks: Task[]
  onClose: () => void
}

/** Another version of one image or of several: from the results or from what they were made of, in words of its own. */
export function EditDialog({ queue, tasks, onClose }: Props) {
  const text = useText()
  const format = useFormat()
  const { data: config } = useQuery(configQuery)
  const [first] = tasks as [Task]
  const [prompt, setPrompt] = useState(first.prompt)
  const [source, setSource] = useState<Source>(tasks.some((task) => task.generated_image) ? 'generated' : 'original')
  const [left, setLeft] = useState(tasks)
  const each = config?.models.find((model) => model.id === queue.model)?.credits
  const keyOf = useOnce()
  const edit = useMutation({
    mutationFn: async () => {
      // those already ordered are not ordered again when one is refused and it is tried once more
      for (const task of left) {
        const wanted = { prompt: prompt.trim(), source: task.generated_image ? source : 'original' }
        applyTask(await editTask(task.id, wanted, keyOf([task.id, wanted])))
        setLeft((now) => now.filter((one) => one !== task))
      }
    },
    onSuccess: () => {
      say(text.batches.editStarted(tasks.length))
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    edit.mutate()
  }
  return (
    <Dialog title={text.batches.editTitle(tasks.length)} isOpen onClose={onClose} width="34rem">
      <Form className="stack" onSubmit={submit}>
        <Sources tasks={tasks} value={source} onChange={setSource} />
        <TextBox label={text.batches.editPrompt} value={prompt} onChange={setPrompt} maxLength={4000} rows={5} autoFocus isRequired />
        {edit.isError && <ErrorNotice error={edit.error} />}
        <div className="dialog-foot">
          {each !== undefined && <span className="quiet edit-cost num">{text.batches.editCost(format.number(each * left.length))}</span>}
          <Button onPress={onClose}>{text.shell.cancel}</Button>
          <Button type="submit" kind="main" isPending={edit.isPending} isDisabled={!prompt.trim()}>
            {text.batches.editStart}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}

const MOST_SHOWN = 3

function Sources({ tasks, value, onChange }: { tasks: Task[]; value: Source; onChange: (source: Source) => void }) {
  const text = useText().batches
  const sources = [
    { id: 'generated', label: text.fromGenerated, images: tasks.map((task) => task.generated_image) },
    { id: 'original', label: text.fromOriginal, images: tasks.map((task) => task.original_image) },
  ]
  return (
    <RadioGroup className="field" value={value} onChange={(next) => onChange(next as Source)}>
      <Label className="field-label">{text.editSource}</Label>
      <div className="edit-sources">
        {sources.map(({ id, label, images }) => {
          const there = images.filter((image) => image !== null)
          if (!there.length) return null
          return (
            <Radio key={id} value={id} className="edit-source">
              <span className="edit-pictures">
                {there.slice(0, MOST_SHOWN).map((image) => (
                  <img key={image.id} src={image.thumbnail_url} alt="" />
                ))}
              </span>
              <span>{label}</span>
            </Radio>
          )
        })}
      </div>
    </RadioGroup>
  )
}
