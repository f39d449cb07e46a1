import { useText } from '@/i18n'
import { modifierKey, setSingleKeys, useSingleKeys } from '@/lib/keys'
import { Dialog } from '@/ui/Dialog'
import { Switch } from '@/ui/fields'

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const text = useText().shell.keys
  const single = useSingleKeys()
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
        [[modifierKey, 'Shift', 'Enter'], text.tryFirst],
        [['Alt', '↑', '↓'], text.promptHistory],
        [[modifierKey, 'V'], text.paste],
      ],
    ],
    [
      text.groups.results,
      [
        [['←', '→', '↑', '↓'], text.move],
        [['Enter'], text.open],
        [['Space'], text.select],
        [[modifierKey, 'A'], text.selectAll],
        [['←', '→', 'Home', 'End'], text.slide],
        [['J', 'K'], text.nextPrevious],
        [['M'], text.mode],
        [['+', '-', '0'], text.zoom],
        [['Shift', '←', '→', '↑', '↓'], text.pan],
      ],
    ],
    [
      text.groups.history,
      [
        [['Enter'], text.openBatch],
        [['F2'], text.rename],
        [['Delete'], text.delete],
      ],
    ],
  ]
  return (
    <Dialog title={text.title} isOpen onClose={onClose} width="32rem">
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
