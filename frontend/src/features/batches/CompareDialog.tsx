import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Dialog, Heading, Modal, ModalOverlay, ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import type { Task } from '@/api/types'
import { useText } from '@/i18n'
import { taskError } from '@/i18n/task'
import { inTextField, useSingleKeys } from '@/lib/keys'
import { Button, IconButton } from '@/ui/Button'
import { StatusBadge } from '@/ui/StatusBadge'
import { type Mode, Stage } from './CompareStage'
import { saveAs } from './ResultCard'
import type { Shown } from './versions'

interface Props {
  shown: Shown[]
  openId: number | undefined
  onMove: (task: Task) => void
  onClose: () => void
  onEdit: (task: Task) => void
}

/** Original and result over each other or side by side, one image after the other. */
export function CompareDialog({ shown, openId, onMove, onClose, onEdit }: Props) {
  const at = shown.findIndex(({ task }) => task.id === openId)
  return (
    <ModalOverlay className="scrim compare-scrim" isOpen={at >= 0} onOpenChange={(open) => !open && onClose()}>
      <Modal className="compare-modal">
        <Dialog className="compare">
          {shown[at] && <Comparison shown={shown} at={at} onMove={onMove} onClose={onClose} onEdit={onEdit} />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

function Comparison({ shown, at, onMove, onClose, onEdit }: Omit<Props, 'openId'> & { at: number }) {
  const all = useText()
  const text = all.batches
  const [mode, setMode] = useState<Mode>('slider')
  const { task, family } = shown[at]!
  const move = (by: number) => {
    const next = shown[at + by]
    if (next) onMove(next.task)
  }
  useCompareKeys({ j: () => move(1), k: () => move(-1), m: () => setMode(mode === 'slider' ? 'side' : 'slider') })
  const head = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    // the divider may be gone, and with it the focus that Escape and the letters need
    const dialog = head.current?.closest<HTMLElement>('[role=dialog]')
    if (dialog && !dialog.contains(document.activeElement)) dialog.focus()
  }, [mode, task.id])
  useEffect(() => {
    // the neighbour is here before it is asked for
    const next = shown[at + 1]?.task.generated_image
    if (next) new Image().src = next.url
  }, [shown, at])
  return (
    <>
      <div className="compare-head" ref={head}>
        <Heading slot="title" level={2} className="clip">
          {task.original_filename}
        </Heading>
        <StatusBadge status={task.status} />
        <span className="quiet num">{text.position(at + 1, shown.length)}</span>
        <span className="compare-tools">
          <ToggleButtonGroup
            aria-label={text.mode}
            className="chips"
            disallowEmptySelection
            selectedKeys={[mode]}
            onSelectionChange={([key]) => setMode(key as Mode)}
          >
            {(['slider', 'side'] as const).map((one) => (
              <ToggleButton key={one} id={one} className="chip">
                {text.modes[one]}
              </ToggleButton>
            ))}
          </ToggleButtonGroup>
          <IconButton icon="close" label={all.shell.close} keys="Esc" onPress={onClose} />
        </span>
      </div>
      <Stage key={task.id} task={task} mode={mode} />
      <div className="compare-foot">
        <div className="compare-words">
          {family.length > 1 && <Versions family={family} now={task} onMove={onMove} />}
          <p className="compare-prompt">{task.status === 'failed' ? taskError(all, task) : task.prompt}</p>
        </div>
        <div className="row">
          <IconButton icon="back" kind="plain" label={text.previous} keys="K" isDisabled={at === 0} onPress={() => move(-1)} />
          <IconButton icon="next" kind="plain" label={text.next} keys="J" isDisabled={at === shown.length - 1} onPress={() => move(1)} />
          {task.status !== 'pending' && task.status !== 'processing' && (
            <Button icon="edit" onPress={() => onEdit(task)}>
              {text.edit}
            </Button>
          )}
          {task.generated_image && (
            <Button kind="main" icon="archive" onPress={() => saveAs(task.generated_image!.url)}>
              {text.downloadOne}
            </Button>
          )}
        </div>
      </div>
    </>
  )
}

function Versions({ family, now, onMove }: { family: Task[]; now: Task; onMove: (task: Task) => void }) {
  const text = useText().batches
  return (
    <ToggleButtonGroup
      aria-label={text.versions}
      className="chips"
      disallowEmptySelection
      selectedKeys={[String(now.id)]}
      onSelectionChange={([key]) => {
        const next = family.find((task) => String(task.id) === key)
        if (next) onMove(next)
      }}
    >
      {family.map((task, index) => (
        <ToggleButton key={task.id} id={String(task.id)} className="chip">
          {text.version(index + 1)}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  )
}

function useCompareKeys(keys: Record<string, () => void>) {
  const single = useSingleKeys()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!single || event.ctrlKey || event.metaKey || event.altKey || inTextField(event.target)) return
      keys[event.key.toLowerCase()]?.()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  })
}
