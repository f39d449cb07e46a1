// `?` lists the keys. Single-letter keys can be switched off, because speech input types them by accident (WCAG 2.1.4).
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useText } from '@/i18n'
import { inTextField, modifierKey, setSingleKeys, useSingleKeys } from '@/lib/keys'
import { createStore, useStore } from '@/lib/store'
import { Dialog } from '@/ui/Dialog'
import { Switch } from '@/ui/fields'

const shown = createStore(false)
export const openShortcuts = () => shown.set(true)

export function Shortcuts() {
  const text = useText().shell.keys
  const isOpen = useStore(shown)
  const single = useSingleKeys()
  const navigate = useNavigate()
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || inTextField(event.target)) return
      if (document.querySelector('[role=dialog], [role=alertdialog]') || !single) return
      if (event.key === '?') openShortcuts()
      else if (event.key === 'w') void navigate({ to: '/' })
      else if (event.key === 'b') void navigate({ to: '/batches' })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [single, navigate])
  const groups: [string, [string[], string][]][] = [
    [
      text.groups.everywhere,
      [
        [['?'], text.help],
        [['w'], text.goWorkspace],
        [['b'], text.goBatches],
        [['Esc'], text.escape],
      ],
    ],
    [
      text.groups.workspace,
      [
        [[modifierKey, 'Enter'], text.start],
        [[modifierKey, 'V'], text.paste],
      ],
    ],
    [
      text.groups.results,
      [
        [['←', '→', '↑', '↓'], text.move],
        [['Enter'], text.open],
        [['←', '→', 'Home', 'End'], text.slide],
        [['J', 'K'], text.nextPrevious],
        [['M'], text.mode],
      ],
    ],
  ]
  return (
    <Dialog title={text.title} isOpen={isOpen} onClose={() => shown.set(false)} width="32rem">
      {groups.map(([name, keys]) => (
        <section key={name} className="stack-tight">
          <h3>{name}</h3>
          <dl className="keys">
            {keys.map(([combination, meaning]) => (
              <div key={meaning} className="spread">
                <dt>{meaning}</dt>
                <dd className="row">
                  {combination.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <Switch isSelected={single} onChange={setSingleKeys}>
        {text.single}
      </Switch>
    </Dialog>
  )
}
