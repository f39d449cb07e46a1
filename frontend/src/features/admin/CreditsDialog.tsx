import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { adjustCredits, adminKeys, type Gift } from '@/api/admin'
import { refreshCredits } from '@/api/apply'
import type { AdminUser } from '@/api/types'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { useOnce } from '@/lib/once'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice } from '@/ui/feedback'
import { TextField } from '@/ui/fields'
import { NumberField } from '@/ui/NumberField'
import { say } from '@/ui/toast'

const USUAL = 50

export function CreditsDialog({ user, onClose }: { user: AdminUser; onClose: () => void }) {
  const all = useText()
  const text = all.admin
  const format = useFormat()
  const cache = useQueryClient()
  const [delta, setDelta] = useState(USUAL)
  const [note, setNote] = useState('')
  const after = user.credits + (Number.isNaN(delta) ? 0 : delta)
  const keyOf = useOnce()
  const adjust = useMutation({
    mutationFn: (gift: Gift) => adjustCredits(user.id, gift, keyOf(gift)),
    onSuccess: () => {
      say(text.adjusted)
      refreshCredits()
      void cache.invalidateQueries({ queryKey: adminKeys.users })
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    adjust.mutate({ delta, note: note.trim() })
  }
  return (
    <Dialog title={text.adjustTitle(user.username)} isOpen onClose={onClose} width="26rem">
      <Form className="stack" onSubmit={submit}>
        <NumberField
          label={text.delta}
          description={text.deltaHint}
          value={delta}
          onChange={setDelta}
          minValue={-user.credits}
          formatOptions={{ signDisplay: 'exceptZero' }}
          autoFocus
          isRequired
        />
        <TextField label={text.note} description={text.noteHint} value={note} onChange={setNote} maxLength={200} />
        <p className="num">{text.after(format.number(after))}</p>
        {adjust.isError && <ErrorNotice error={adjust.error} />}
        <div className="dialog-foot">
          <Button onPress={onClose}>{all.shell.cancel}</Button>
          <Button type="submit" kind="main" isPending={adjust.isPending} isDisabled={!delta || after < 0}>
            {text.apply}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
