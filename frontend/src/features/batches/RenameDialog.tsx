import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { applyQueue } from '@/api/apply'
import { renameQueue } from '@/api/batches'
import type { Queue } from '@/api/types'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice } from '@/ui/feedback'
import { TextField } from '@/ui/fields'

export function RenameDialog({ queue, onClose }: { queue: Queue; onClose: () => void }) {
  const text = useText()
  const [name, setName] = useState(queue.batch_name)
  const rename = useMutation({
    mutationFn: () => renameQueue(queue.id, name.trim()),
    onSuccess: (next) => {
      applyQueue(next)
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    rename.mutate()
  }
  return (
    <Dialog title={text.batches.rename} isOpen onClose={onClose}>
      <Form className="stack" onSubmit={submit}>
        <TextField label={text.batches.name} value={name} onChange={setName} maxLength={100} isRequired autoFocus />
        {rename.isError && <ErrorNotice error={rename.error} />}
        <div className="dialog-foot">
          <Button onPress={onClose}>{text.shell.cancel}</Button>
          <Button type="submit" kind="main" isPending={rename.isPending} isDisabled={!name.trim()}>
            {text.shell.save}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
