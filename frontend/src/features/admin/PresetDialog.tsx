import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Form } from 'react-aria-components'
import { type PresetFields, savePreset } from '@/api/admin'
import type { AdminPreset } from '@/api/types'
import { useText } from '@/i18n'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { ErrorNotice } from '@/ui/feedback'
import { Switch, TextBox, TextField } from '@/ui/fields'
import { NumberField } from '@/ui/NumberField'
import { say } from '@/ui/toast'

interface Props {
  /** Null: a new one. */
  preset: AdminPreset | null
  nextOrder: number
  onClose: () => void
  onSaved: () => void
}

export function PresetDialog({ preset, nextOrder, onClose, onSaved }: Props) {
  const all = useText()
  const text = all.admin
  const [fields, setFields] = useState<PresetFields>({
    title: preset?.title ?? '',
    content: preset?.content ?? '',
    category: preset?.category ?? '',
    sort_order: preset?.sort_order ?? nextOrder,
    is_active: preset?.is_active ?? true,
  })
  const set = (change: Partial<PresetFields>) => setFields((now) => ({ ...now, ...change }))
  const save = useMutation({
    mutationFn: () => savePreset(preset?.id ?? null, fields),
    onSuccess: () => {
      say(text.presetSaved)
      onSaved()
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <Dialog title={preset ? text.editPreset : text.newPreset} isOpen onClose={onClose} width="36rem">
      <Form className="stack" onSubmit={submit}>
        <TextField label={text.presetTitle} value={fields.title} onChange={(title) => set({ title })} maxLength={100} isRequired autoFocus />
        <TextBox label={text.presetContent} value={fields.content} onChange={(content) => set({ content })} maxLength={4000} rows={5} isRequired />
        <div className="config-numbers">
          <TextField label={text.presetCategory} value={fields.category} onChange={(category) => set({ category })} maxLength={50} />
          <NumberField label={text.presetOrder} value={fields.sort_order} onChange={(sort_order) => set({ sort_order })} minValue={0} isRequired />
        </div>
        <Switch isSelected={fields.is_active} onChange={(is_active) => set({ is_active })}>
          {text.presetActive}
        </Switch>
        <figure className="preset-preview">
          <figcaption className="field-label">{text.presetPreview}</figcaption>
          <p className="row">
            <span className="chip">{fields.title || text.presetTitle}</span>
            {fields.category && <span className="badge">{fields.category}</span>}
          </p>
          <p className="quiet">{fields.content || text.presetContent}</p>
        </figure>
        {save.isError && <ErrorNotice error={save.error} />}
        <div className="dialog-foot">
          <Button onPress={onClose}>{all.shell.cancel}</Button>
          <Button type="submit" kind="main" isPending={save.isPending}>
            {all.shell.save}
          </Button>
        </div>
      </Form>
    </Dialog>
  )
}
