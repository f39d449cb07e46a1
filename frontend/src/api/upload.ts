// Uploading one image. By XMLHttpRequest, because fetch does not tell how much has been sent.
import { signedOut } from './presence'
import { parseBody, ProblemError } from './problem'
import type { Image } from './types'

export function uploadImage(file: File, name: string, onSent: (part: number) => void, signal: AbortSignal): Promise<Image> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => request.abort()
    signal.addEventListener('abort', stop)
    request.onloadend = () => signal.removeEventListener('abort', stop)
    request.onabort = () => reject(signal.reason)
    request.onerror = () => reject(new ProblemError(0, { code: 'offline' }))
    request.upload.onprogress = (event) => event.lengthComputable && onSent(event.loaded / event.total)
    request.onload = () => {
      if (request.status < 300) {
        resolve(JSON.parse(request.responseText) as Image)
        return
      }
      const problem = new ProblemError(request.status, parseBody(request.responseText), headersOf(request))
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
