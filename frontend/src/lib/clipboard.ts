/** Copy `value`; false when the browser refuses. `navigator.clipboard` is missing on plain http. */
export async function copyText(value: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(value)
      return true
    } catch {
      // no permission: the old way may still work
    }
  }
  const box = document.createElement('textarea')
  box.value = value
  box.className = 'unseen'
  document.body.append(box)
  box.select()
  const done = document.execCommand('copy')
  box.remove()
  return done
}
