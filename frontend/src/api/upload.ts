// Uploading one image. By XMLHttpRequest, because fetch does not tell how much has been sent.
import { signedOut } from './presence'
import { parseBody, ProblemError } from './problem'
import type { Image } from './types'

const SILENCE_MS = 60_000

/** `onSent` is told how many bytes are on their way. A connection over which nothing moves for a minute counts as lost. */
export function uploadImage(file: File, name: string, onSent: (bytes: number) => void, signal: AbortSignal): Promise<Image> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => request.abort()
    const lost = () => reject(new ProblemError(0, { code: 'offline' }))
    let silence = setTimeout(giveUp, SILENCE_MS)
    function giveUp() {
      lost()
      request.abort()
    }
    const heard = () => {
      clearTimeout(silence)
      silence = setTimeout(giveUp, SILENCE_MS)
    }
    signal.addEventListener('abort', stop)
    request.onloadend = () => {
      clearTimeout(silence)
      signal.removeEventListener('abort', stop)
    }
    request.onabort = () => reject(signal.reason)
    request.onerror = lost
    request.upload.onprogress = (event) => {
      heard()
      onSent(Math.min(file.size, event.loaded))
    }
    request.upload.onload = heard
    request.onload = () => {
      const body = parseBody(request.responseText)
      if (request.status < 300 && 'id' in body) return resolve(body as unknown as Image)
      const problem = new ProblemError(request.status < 300 ? 502 : request.status, body, headersOf(request))
      if (problem.code === 'not_authenticated') signedOut()
      reject(problem)
    }
    const form = new FormData()
    form.append('file', file, name)
    request.open('POST', '/api/batch/images')
    request.send(form)
  })
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers()
  for (const name of ['x-request-id', 'retry-after']) {
    const value = request.getResponseHeader(name)
    if (value) headers.set(name, value)
  }
  return headers
}
