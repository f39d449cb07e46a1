import { connection, retryNow } from '@/api/live'
import { useText } from '@/i18n'
import { useNow } from '@/lib/now'
import { useOnline } from '@/lib/online'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Icon } from '@/ui/icons'

/** Said once that the connection is gone; the seconds until the next try are only shown. */
export function ConnectionStrip() {
  const text = useText().shell
  const online = useOnline()
  const { state, retryAt } = useStore(connection)
  const retrying = online && state === 'retrying'
  const now = useNow(retrying)
  const seconds = Math.max(0, Math.ceil(((retryAt ?? now) - now) / 1000))
  return (
    <div className="strip-place">
      <p role="status" className="unseen">
        {!online ? text.offline : retrying && text.reconnecting}
      </p>
      {(!online || retrying) && (
        <div className="strip">
          <Icon name="alert" size={16} />
          <span aria-hidden="true" className="num">
            {!online ? text.offline : seconds > 0 ? text.reconnectIn(seconds) : text.reconnecting}
          </span>
          {retrying && (
            <Button size="small" kind="quiet" icon="redo" onPress={retryNow}>
              {text.reconnectNow}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}
