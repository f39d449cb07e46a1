import { useNavigate } from '@tanstack/react-router'
import { left, presence } from '@/api/presence'
import { forgetUser } from '@/api/session'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { SignInForm } from './SignInForm'

/** The session ended under the user's hands: sign in again right here, and nothing typed is lost. */
export function ReloginDialog({ username }: { username: string }) {
  const text = useText().shell.relogin
  const lost = useStore(presence) === 'lost'
  const navigate = useNavigate()
  const other = async () => {
    left()
    await navigate({ to: '/sign-in' })
    forgetUser()
  }
  return (
    <Dialog title={text.title} isOpen={lost} width="24rem">
      <p className="quiet">{text.why}</p>
      <SignInForm username={username} />
      <Button kind="quiet" onPress={() => void other()}>
        {text.other}
      </Button>
    </Dialog>
  )
}
