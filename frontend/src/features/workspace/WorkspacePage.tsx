import { useSuspenseQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { configQuery } from '@/api/batches'
import { useText } from '@/i18n'
import { useStore } from '@/lib/store'
import { usePageTitle } from '@/lib/title'
import '@/styles/workspace.css'
import { ContactSheet } from './ContactSheet'
import { draft } from './draft'
import { DropOverlay } from './DropOverlay'
import { EmptyTable } from './EmptyTable'
import { setLimits } from './intake'
import { BadFiles, Duplicates, Rest } from './leftovers'
import { StartBar } from './StartBar'
import { usePaste } from './usePaste'
import { WishPanel } from './WishPanel'

/** Photos on the light table at the left, what to do with them at the right, the start at the end of it. */
export function WorkspacePage() {
  const text = useText().workspace
  const { data: config } = useSuspenseQuery(configQuery)
  const { photos, rest } = useStore(draft)
  const filled = photos.length + rest.length > 0
  usePageTitle(text.title)
  useEffect(() => setLimits(config), [config])
  usePaste(text.pasted)
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{text.title}</h1>
          <p>{text.lead}</p>
        </div>
      </div>
      <div className="workspace" data-filled={filled || undefined}>
        <section className="light-table" aria-label={text.sheet}>
          {filled ? (
            <>
              <BadFiles />
              <Duplicates />
              <ContactSheet most={config.max_files} />
              <Rest most={config.max_files} />
            </>
          ) : (
            <EmptyTable config={config} />
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
