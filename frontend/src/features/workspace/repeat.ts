// `/?repeat=12` fills the workspace with what batch 12 was made with; the photos are chosen anew.
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect } from 'react'
import { queueQuery, referencesQuery } from '@/api/batches'
import type { Image } from '@/api/types'
import { useText } from '@/i18n'
import { randomId } from '@/lib/random'
import { say, sayError } from '@/ui/toast'
import { change, type Photo } from './draft'

/** A picture that the server has already. */
const uploaded = (image: Image): Photo => ({
  key: randomId(),
  path: image.filename,
  size: image.size_bytes,
  modified: Date.parse(image.created_at),
  check: 'ready',
  width: image.width,
  height: image.height,
  thumbnail: image.thumbnail_url,
  image,
})

export function useRepeat() {
  const text = useText()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const { repeat } = useSearch({ from: '/home/' })
  useEffect(() => {
    if (!repeat) return
    const fill = async () => {
      const { prompt, model, aspect_ratio, image_size } = await cache.fetchQuery(queueQuery(repeat))
      const references = (await cache.fetchQuery(referencesQuery(repeat))).map(uploaded)
      change({ prompt, model, aspectRatio: aspect_ratio ?? '', imageSize: image_size ?? '', references })
      say(text.workspace.repeated)
      // once: going back and forth must not write over what was changed since
      await navigate({ to: '/', search: {}, replace: true })
    }
    fill().catch((error: unknown) => sayError(text, error))
  }, [repeat, cache, navigate, text])
}
