import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { queryClient } from '@/api/cache'
import { loadDictionary, preferredLocale } from '@/i18n'
import '@/styles/tokens.css'
import '@/styles/base.css'
import '@/styles/controls.css'
import '@/styles/parts.css'
import '@/styles/shell.css'
import { LanguageProvider } from './LanguageProvider'
import { router } from './router'

// a photo dropped beside the drop zone must not replace the page
for (const type of ['dragover', 'drop'] as const) window.addEventListener(type, (event) => event.preventDefault())

const locale = preferredLocale()
const text = await loadDictionary(locale)

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <LanguageProvider initial={{ locale, text }}>
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </LanguageProvider>
  </StrictMode>,
)
