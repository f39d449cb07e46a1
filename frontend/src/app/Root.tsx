import { Outlet, useRouter } from '@tanstack/react-router'
import { RouterProvider } from 'react-aria-components'
import { Toasts } from '@/ui/toast'

/** Links of our controls go through the router, so nothing reloads the page. */
export function Root() {
  const router = useRouter()
  return (
    <RouterProvider navigate={(href) => router.history.push(href)}>
      <Outlet />
      <Toasts />
    </RouterProvider>
  )
}
