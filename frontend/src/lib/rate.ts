// How fast something goes and how long it still takes: both smoothed, because raw numbers jump too much to be read.

const HALF_LIFE_MS = 2_000
/** Before that much has been seen, any number would be a guess. */
const SETTLED_MS = 1_500

export interface Rate {
  perSecond: number
  secondsLeft: number
}

/** Exponential moving averages with a half-life of two seconds, fed with how much is done and how much is left. */
export function createRate() {
  let last: { at: number; done: number } | null = null
  let begun = 0
  let speed: number | null = null
  let left: number | null = null
  return {
    feed(done: number, remaining: number, now: number): Rate | null {
      if (!last) {
        last = { at: now, done }
        begun = now
        return null
      }
      const elapsed = now - last.at
      if (elapsed < 200) return read(now)
      const keep = 0.5 ** (elapsed / HALF_LIFE_MS)
      const seen = (Math.max(0, done - last.done) / elapsed) * 1000
      speed = speed === null ? seen : speed * keep + seen * (1 - keep)
      const estimate = speed > 0 ? remaining / speed : null
      if (estimate !== null) left = left === null ? estimate : Math.max(0, left - elapsed / 1000) * keep + estimate * (1 - keep)
      last = { at: now, done }
      return read(now)
    },
  }
  function read(now: number): Rate | null {
    return speed !== null && left !== null && now - begun >= SETTLED_MS ? { perSecond: speed, secondsLeft: left } : null
  }
}
