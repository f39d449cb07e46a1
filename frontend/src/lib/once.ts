import { useState } from 'react'
import { randomId } from './random'

/** Names what is asked for while this lives: the same again, as after a lost answer, has the same name and is done once. */
export function useOnce(): (meaning: unknown) => string {
  const [names] = useState(() => new Map<string, string>())
  return (meaning) => {
    const words = JSON.stringify(meaning)
    const name = names.get(words) ?? randomId()
    names.set(words, name)
    return name
  }
}
