// What this browser remembers. Storage may be blocked; then nothing is remembered and nothing breaks.
// `public/theme.js` reads `nb.theme` before the first paint.

type Name = 'theme' | 'locale' | 'signed-in' | 'single-keys' | 'notify' | 'card-size' | 'saved'

export function recall(name: Name): string | null {
  try {
    return localStorage.getItem(`nb.${name}`)
  } catch {
    return null
  }
}

export function remember(name: Name, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(`nb.${name}`)
    else localStorage.setItem(`nb.${name}`, value)
  } catch {
    // the choice holds until the page is closed
  }
}
