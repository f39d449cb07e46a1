import { useMutation } from '@tanstack/react-query'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { Dialog, Heading, Modal, ModalOverlay } from 'react-aria-components'
import { applyTask } from '@/api/apply'
import { retryTask } from '@/api/batches'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { taskError } from '@/i18n/task'
import { inTextField, useSingleKeys } from '@/lib/keys'
import { save } from '@/lib/save'
import { Button, IconButton } from '@/ui/Button'
import { StatusBadge } from '@/ui/StatusBadge'
import { sayError } from '@/ui/toast'
import { type Fit, type Mode, modes, type Side, Single, Stage } from './CompareStage'
import { CompareTools } from './CompareTools'
import { isOpen } from './facts'
import { VersionBar } from './VersionBar'
import { originOf, type Shown, sourceOf } from './versions'
import { STEP, useZoom, type Zoom } from './zoom'

interface Props {
  /** Every image of the batch; what is open stays open, whatever becomes of it. */
  all: Shown[]
  /** Those that the filter leaves: next and previous are among them. */
  shown: Shown[]
  openId: number | undefined
  onMove: (task: Task) => void
  onClose: () => void
  onEdit: (tasks: Task[]) => void
}

/** What was there before and what became of it, one image after the other. */
export function CompareDialog({ all, shown, openId, onMove, onClose, onEdit }: Props) {
  const one = all.find(({ task }) => task.id === openId)
  const line = useLine(all, shown, openId)
  return (
    <ModalOverlay className="scrim compare-scrim" isOpen={one !== undefined} onOpenChange={(open) => !open && onClose()}>
      <Modal className="compare-modal">
        <Dialog className="compare">
          {one && <Comparison shown={line} at={line.indexOf(one)} onMove={onMove} onClose={onClose} onEdit={onEdit} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** What the filter leaves, and in its place the open one, which may have left it. */
function useLine(all: Shown[], shown: Shown[], openId: number | undefined): Shown[] {
  return useMemo(() => {
    const ids = new Set(shown.map(({ task }) => task.id))
    return all.filter(({ task }) => ids.has(task.id) || task.id === openId)
  }, [all, shown, openId])
}

const ALIKE = 0.01

function Comparison({ shown, at, onMove, onClose, onEdit }: Omit<Props, 'all' | 'openId'> & { at: number }) {
  const all = useText()
  const text = all.batches
  const [mode, setMode] = useState<Mode>('slider')
  const [fit, setFit] = useState<Fit>('contain')
  const [fromOrigin, compareOrigin] = useState(false)
  const zoom = useZoom()
  const retry = useMutation({ mutationFn: retryTask, onSuccess: applyTask, onError: (error) => sayError(all, error) })
  const one = shown[at]!
  const { task } = one
  const before = fromOrigin ? originOf(one) : sourceOf(one)
  const sides = before && {
    before: { image: before.image, label: before.version ? text.version(before.version) : text.original },
    after: task.generated_image && { image: task.generated_image, label: text.result },
  }
  const move = (by: number) => {
    const next = shown[at + by]
    if (next) onMove(next.task)
  }
  const head = useFocusInside(`${mode} ${task.id}`)
  useEffect(zoom.reset, [zoom.reset, task.id])
  useNeighbours(shown, at)
  useCompareKeys({ move, nextMode: () => setMode(modes[(modes.indexOf(mode) + 1) % modes.length]!), zoom })
  return (
    <>
      <div className="compare-head" ref={head}>
        <Heading slot="title" level={2} className="clip">
          {task.original_filename}
        </Heading>
        <StatusBadge status={task.status} />
        <span className="quiet num">{text.position(at + 1, shown.length)}</span>
        <span className="compare-tools">
          {sides?.after && (
            <CompareTools
              mode={mode}
              onMode={setMode}
              zoom={zoom}
              fit={mode === 'side' || alike(sides.before, sides.after) ? undefined : fit}
              onFit={setFit}
            />
          )}
        </span>
        <IconButton icon="close" label={all.shell.close} keys="Esc" onPress={onClose} />
      </div>
      {sides?.after ? (
        <Stage key={`${task.id} ${sides.before.image.id}`} before={sides.before} after={sides.after} mode={mode} fit={fit} zoom={zoom} />
      ) : (
        sides && (
          <Single key={task.id} side={sides.before} zoom={zoom}>
            <StatusBadge status={task.status} />
          </Single>
        )
      )}
      <div className="compare-foot">
        <div className="compare-words">
          <VersionBar shown={one} fromOrigin={fromOrigin} onOrigin={compareOrigin} onMove={onMove} />
          <p className="compare-prompt">{task.status === 'failed' ? taskError(all, task) : task.prompt}</p>
        </div>
        <div className="row">
          <IconButton icon="back" kind="plain" label={text.previous} keys="K" isDisabled={at === 0} onPress={() => move(-1)} />
          <IconButton icon="next" kind="plain" label={text.next} keys="J" isDisabled={at === shown.length - 1} onPress={() => move(1)} />
          {task.status === 'failed' && (
            <Button kind="main" icon="redo" isPending={retry.isPending} onPress={() => retry.mutate(task.id)}>
              {text.retry}
            </Button>
          )}
          {!isOpen(task) && (
            <Button icon="edit" onPress={() => onEdit([task])}>
              {text.edit}
            </Button>
          )}
          {task.generated_image && (
            <Button kind="main" icon="archive" onPress={() => save(`${task.generated_image!.url}?download=1`)}>
              {text.downloadOne}
            </Button>
          )}
        </div>
      </div>
    </>
  )
}

const alike = ({ image: a }: Side, { image: b }: Side) => Math.abs((a.width / a.height) * (b.height / b.width) - 1) < ALIKE

/** The divider may be gone, and with it the focus that Escape and the letters need. */
function useFocusInside(change: string) {
  const head = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const dialog = head.current?.closest<HTMLElement>('[role=dialog]')
    if (dialog && !dialog.contains(document.activeElement)) dialog.focus()
  }, [change])
  return head
}

/** The neighbours are here before they are asked for. */
function useNeighbours(shown: Shown[], at: number) {
  useEffect(() => {
    for (const near of [shown[at + 1]?.task, shown[at - 1]?.task]) {
      for (const image of [near?.generated_image, near?.original_image]) if (image) new Image().src = image.url
    }
  }, [shown, at])
}

interface Keys {
  move: (by: number) => void
  nextMode: () => void
  zoom: Zoom
}

const PAN = 0.1

function useCompareKeys({ move, nextMode, zoom }: Keys) {
  const single = useSingleKeys()
  useEffect(() => {
    const letters: Record<string, () => void> = {
      j: () => move(1),
      k: () => move(-1),
      m: nextMode,
      '+': () => zoom.zoom(STEP),
      '=': () => zoom.zoom(STEP),
      '-': () => zoom.zoom(1 / STEP),
      '0': zoom.reset,
    }
    const arrows: Record<string, [number, number]> = {
      ArrowLeft: [PAN, 0],
      ArrowRight: [-PAN, 0],
      ArrowUp: [0, PAN],
      ArrowDown: [0, -PAN],
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || inTextField(event.target)) return
      // the keys are those of the dialog on top
      if (document.querySelectorAll('[role=dialog]').length > 1) return
      const arrow = event.shiftKey && zoom.view.scale > 1 && arrows[event.key]
      if (arrow) {
        // before the divider takes it
        event.stopPropagation()
        event.preventDefault()
        zoom.pan(...arrow)
      } else if (single) letters[event.key.toLowerCase()]?.()
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  })
}
