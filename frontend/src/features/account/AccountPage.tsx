import { useText } from '@/i18n'
import { usePageTitle } from '@/lib/title'
import '@/styles/account.css'
import { Ledger } from './Ledger'
import { OwnUpstream } from './OwnUpstream'
import { Preferences } from './Preferences'
import { Security } from './Security'
import { Tokens } from './Tokens'

export function AccountPage() {
  const text = useText().account
  usePageTitle(text.title)
  return (
    <>
      <div className="page-head">
        <h1>{text.title}</h1>
      </div>
      <div className="account">
        <div className="stack">
          <Ledger />
          <OwnUpstream />
          <Tokens />
        </div>
        <div className="stack">
          <Preferences />
          <Security />
        </div>
      </div>
    </>
  )
}
