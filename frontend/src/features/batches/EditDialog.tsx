import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form, Label, Radio, RadioGroup } from 'react-aria-components'
import { applyTask } from '@/api/apply'
import { configQuery, editTask } from '@/api/batches'
import type { Queue, Task } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice } from '@/ui/feedback'
import { TextBox } from '@/ui/fields'
import { say } from '@/ui/toast'

interface Props {
  queue: Queue
  task: Task
  onClose: () => void
}

/** Another version of one image: from its result or from the original, with the words as they were to begin with. */
export function EditDialog({ queue, task, onClose }: Props) {
  const text = useText()
  const format = useFormat()
  const { data: config } = useQuery(configQuery)
  const [prompt, setPrompt] = useState(task.prompt)
  const [source, setSource] = useState<'generated' | 'original'>(task.generated_image ? 'generated' : 'original')
  const cost = config?.models.find((model) => model.id === queue.model)?.credits
  const edit = useMutation({
    mutationFn: () => editTask(task.id, prompt.trim(), source),
    onSuccess: (next) => {
      applyTask(next)
      say(text.batches.editStarted)
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    edit.mutate()
  }
  const sources = [
    { id: 'generated', label: text.batches.fromGenerated, image: task.generated_image },
    { id: 'original', label: text.batches.fromOriginal, image: task.original_image },
  ]
  return (
    <Dialog title={text.batches.editTitle} isOpen onClose={onClose} width="34rem">
      <Form className="stack" onSubmit={submit}>
        <RadioGroup className="field" value={source} onChange={(next) => setSource(next as typeof source)}>
          <Label className="field-label">{text.batches.editSource}</Label>
          <div className="edit-sources">
            {sources.map(
              ({ id, label, image }) =>
                image && (
                  <Radio key={id} value={id} className="edit-source">
                    <img src={image.thumbnail_url} alt="" />
                    <span>{label}</span>
                  </Radio>
                ),
            )}
          </div>
        </RadioGroup>
        <TextBox label={text.batches.editPrompt} value={prompt} onChange={setPrompt} maxLength={4000} rows={5} autoFocus isRequired />
        {edit.isError && <ErrorNotice error={edit.error} />}
        <div className="dialog-foot">
          {cost !== undefined && <span className="quiet edit-cost">{text.batches.editCost(format.number(cost))}</span>}
          <Button onPress={onClose}>{text.shell.cancel}</Button>
          <Button type="submit" kind="main" isPending={edit.isPending} isDisabled={!prompt.trim()}>
            {text.batches.editStart}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
