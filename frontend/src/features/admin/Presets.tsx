import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { adminKeys, adminPresetsQuery, deletePreset, orderPresets } from '@/api/admin'
import { presetsQuery } from '@/api/batches'
import type { AdminPreset } from '@/api/types'
import { useText } from '@/i18n'
import { Button, IconButton } from '@/ui/Button'
import { Confirm } from '@/ui/Confirm'
import { ErrorNotice, Skeleton } from '@/ui/feedback'
import { say } from '@/ui/toast'
import { PresetDialog } from './PresetDialog'

/** The prompts offered to everybody, in their order. */
export function Presets() {
  const text = useText().admin
  const cache = useQueryClient()
  const presets = useQuery(adminPresetsQuery)
  const [editing, edit] = useState<AdminPreset | 'new' | null>(null)
  const [leaving, leave] = useState<AdminPreset | null>(null)
  const refresh = async () => {
    await cache.invalidateQueries({ queryKey: adminKeys.presets })
    await cache.invalidateQueries({ queryKey: presetsQuery.queryKey })
  }
  const remove = useMutation({
    mutationFn: (preset: AdminPreset) => deletePreset(preset.id),
    onSuccess: () => {
      leave(null)
      return refresh()
    },
  })
  const sorted = [...(presets.data ?? [])].sort((a, b) => a.sort_order - b.sort_order || a.id - b.id)
  const order = useMutation({ mutationFn: orderPresets, onSuccess: () => say(text.presetMoved), onSettled: refresh })
  // while it is under way a press does nothing: a button that is disabled meanwhile would lose the focus
  const move = (at: number, by: -1 | 1, pressed: Element) => {
    if (order.isPending) return
    // at the end of the list the button is disabled, and its neighbour has the focus
    const end = at + by === (by < 0 ? 0 : sorted.length - 1)
    const neighbour = by < 0 ? pressed.nextElementSibling : pressed.previousElementSibling
    if (end && neighbour instanceof HTMLElement) neighbour.focus()
    const next = [...sorted]
    next.splice(at + by, 0, ...next.splice(at, 1))
    order.mutate(next)
  }
  return (
    <section className="card stack">
      <div className="spread">
        <h2>{text.presets}</h2>
        <Button icon="add" size="small" onPress={() => edit('new')}>
          {text.newPreset}
        </Button>
      </div>
      <p className="quiet">{text.presetsLead}</p>
      {presets.isError && <ErrorNotice error={presets.error} onRetry={() => void presets.refetch()} />}
      {presets.isPending && <Skeleton height="12rem" />}
      {order.isError && <ErrorNotice error={order.error} />}
      {presets.data?.length === 0 && <p className="quiet">{text.presetsEmpty}</p>}
      <ul className="preset-order" aria-busy={order.isPending}>
        {sorted.map((preset, at) => (
          <li key={preset.id} className="preset-row">
            <span className="mono quiet">{preset.sort_order}</span>
            <div>
              <p className="row">
                <strong>{preset.title}</strong>
                {preset.category && <span className="badge">{preset.category}</span>}
                {!preset.is_active && (
                  <span className="badge" data-tone="warn">
                    {text.presetInactive}
                  </span>
                )}
              </p>
              <p className="quiet preset-words">{preset.content}</p>
            </div>
            <span className="preset-actions">
              <IconButton size="small" icon="arrowUp" label={text.moveUp(preset.title)} isDisabled={at === 0} onPress={({ target }) => move(at, -1, target)} />
              <IconButton
                size="small"
                icon="arrowDown"
                label={text.moveDown(preset.title)}
                isDisabled={at === sorted.length - 1}
                onPress={({ target }) => move(at, 1, target)}
              />
              <IconButton size="small" icon="edit" label={text.edit(preset.title)} onPress={() => edit(preset)} />
              <IconButton size="small" icon="trash" label={`${text.delete} ${preset.title}`} onPress={() => leave(preset)} />
            </span>
          </li>
        ))}
      </ul>
      {editing && (
        <PresetDialog
          preset={editing === 'new' ? null : editing}
          nextOrder={(sorted.at(-1)?.sort_order ?? 0) + 10}
          onClose={() => edit(null)}
          onSaved={() => void refresh()}
        />
      )}
      <Confirm
        title={leaving ? text.deletePreset(leaving.title) : ''}
        action={text.delete}
        isOpen={leaving !== null}
        isPending={remove.isPending}
        onClose={() => leave(null)}
        onConfirm={() => leaving && remove.mutate(leaving)}
      >
        {text.deletePresetText}
        {remove.isError && <ErrorNotice error={remove.error} />}
      </Confirm>
    </section>
  )
}
