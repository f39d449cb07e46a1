import { useEffect, useState } from 'react'
import { useText } from '@/i18n'
import { useFormat } from '@/i18n/format'
import { createRate, type Rate } from '@/lib/rate'
import { useStore } from '@/lib/store'
import { ProgressBar } from '@/ui/ProgressBar'
import { draft, everyPhoto, isIn } from './draft'
import { bytesSent, inFlight } from './uploads'

const TICK_MS = 500

interface Traffic {
  done: number
  count: number
  part: number
  rate: Rate | null
}

/** How the uploads go, measured twice a second while bytes are on their way; null when there is nothing to tell. */
export function useTraffic(): Traffic | null {
  const active = useStore(inFlight)
  const [traffic, setTraffic] = useState<Traffic | null>(null)
  useEffect(() => {
    if (!active) return
    const rate = createRate()
    const measure = () => {
      const photos = everyPhoto(draft.get()).filter((photo) => isIn(photo) && photo.check === 'ready')
      const { sent, all } = bytesSent(photos)
      const done = photos.filter((photo) => photo.image).length
      setTraffic({ done, count: photos.length, part: all ? sent / all : 0, rate: rate.feed(sent, all - sent, performance.now()) })
    }
    measure()
    const timer = setInterval(measure, TICK_MS)
    return () => {
      clearInterval(timer)
      setTraffic(null)
    }
  }, [active])
  return traffic
}

/** A quiet line while uploading: how many, how fast, how long. Screen readers hear every tenth of it. */
export function UploadLine() {
  const text = useText().workspace
  const format = useFormat()
  const traffic = useTraffic()
  const rate = traffic?.rate
  const tenth = traffic ? Math.floor(traffic.part * 10) * 10 : null
  return (
    <>
      {traffic && (
        <div className="upload-line">
          <ProgressBar
            bare
            label={text.uploads}
            valueText={text.uploading(traffic.done, traffic.count)}
            total={100}
            parts={[{ tone: 'run', count: traffic.part * 100 }]}
          />
          <p className="quiet num" aria-hidden="true">
            {text.uploading(traffic.done, traffic.count)}
            {rate && ` · ${format.bytes(rate.perSecond)}/s · ${text.about(rate.secondsLeft)}`}
          </p>
        </div>
      )}
      <p className="unseen" role="status">
        {tenth !== null && text.uploadHeard(tenth)}
      </p>
    </>
  )
}
