/** A pressed control goes, and with it the focus: on to `to`. Who has gone elsewhere meanwhile stays there. */
export function passFocus(from: Element | null, to: HTMLElement | null | undefined = results()) {
  const now = document.activeElement
  if (now === document.body || from?.contains(now)) to?.focus({ preventScroll: true })
}

const results = () => document.querySelector<HTMLElement>('.results') ?? document.getElementById('main')
