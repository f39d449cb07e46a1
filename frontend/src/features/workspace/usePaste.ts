import { useEffect } from 'react'
import { inTextField } from '@/lib/keys'
import { fromClipboard } from '@/lib/sources'
import { takeIn } from './intake'
import { isBusy, phase } from './start'

/** Pasted images join the batch, unless it is being submitted or text is being pasted into a field. */
export function usePaste(word: string) {
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const transfer = event.clipboardData
      if (!transfer?.files.length || isBusy(phase.get())) return
      if (inTextField(event.target) && transfer.types.includes('text/plain')) return
      const sources = fromClipboard(transfer, word)
      if (!sources.length) return
      event.preventDefault()
      takeIn(sources)
    }
    document.addEventListener('paste', onPaste)
    return () => document.removeEventListener('paste', onPaste)
  }, [word])
}
