import { useQuery } from '@tanstack/react-query'
import { presetsQuery } from '@/api/batches'
import { useText } from '@/i18n'

/** The presets as they are now. Those that came with the service speak the page's language, until somebody rewrites them. */
export function usePresets() {
  const { builtIn } = useText().workspace
  return useQuery({
    ...presetsQuery,
    select: (presets) => presets.map((preset) => ({ ...preset, ...builtIn[preset.content] })),
  })
}
