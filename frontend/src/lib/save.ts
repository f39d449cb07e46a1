/** Download what is at `url`: the server names the file, and a link does it, so nothing is held in memory. */
export function save(url: string) {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}
