import { Button } from 'react-aria-components'
import { useText } from '@/i18n'
import type { Owner } from './MonitorTables'

/** A user's name; pressing it shows only what is theirs. */
export function UserCell({ id, name, onUser }: Owner & { onUser: (owner: Owner) => void }) {
  const text = useText().admin
  return (
    <Button className="link" aria-label={text.onlyUser(name)} onPress={() => onUser({ id, name })}>
      {name}
    </Button>
  )
}
