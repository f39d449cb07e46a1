import { useSuspenseQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect } from 'react'
import { configQuery } from '@/api/batches'
import { meQuery } from '@/api/session'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { usePageTitle } from '@/lib/title'
import '@/styles/workspace.css'
import { useDraft } from './draft'
import { DropOverlay } from './DropOverlay'
import { EmptyTable } from './EmptyTable'
import { setLimits } from './intake'
import { keepDraftOf, keeping } from './keeping'
import { BadFiles, Duplicates, Rest } from './leftovers'
import { useRepeat } from './repeat'
import { StartBar } from './StartBar'
import { usePaste } from './usePaste'
import { WishPanel } from './WishPanel'

// who has no photos yet does not wait for what shows them
const ContactSheet = lazy(async () => ({ default: (await import('./ContactSheet')).ContactSheet }))

/** Photos on the light table at the left, what to do with them at the right, the start at the end of it. */
export function WorkspacePage() {
  const text = useText().workspace
  const { data: config } = useSuspenseQuery(configQuery)
  const { data: user } = useSuspenseQuery(meQuery)
  const kept = useStore(keeping)
  const filled = useDraft((now) => now.photos.length + now.rest.length > 0)
  const written = useDraft((now) => now.photos.length > 0 || now.prompt !== '')
  usePageTitle(text.title)
  useEffect(() => {
    setLimits(config)
    void keepDraftOf(user.id)
  }, [config, user.id])
  usePaste(text.pasted)
  useRepeat()
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{text.title}</h1>
          <p>{text.lead}</p>
        </div>
        {kept !== 'looking' && written && <p className="kept quiet">{text.keeping[kept]}</p>}
      </div>
      <div className="workspace" data-filled={filled || undefined}>
        <section className="light-table" tabIndex={-1} aria-label={text.sheet}>
          {filled ? (
            <>
              <BadFiles />
              <Duplicates />
              <Suspense>
                <ContactSheet most={config.max_files} />
              </Suspense>
              <Rest most={config.max_files} />
            </>
          ) : (
            kept !== 'looking' && <EmptyTable config={config} />
          )}
        </section>
        <aside className="wish">
          <WishPanel config={config} />
          <StartBar config={config} />
        </aside>
      </div>
      <DropOverlay />
    </>
  )
}
