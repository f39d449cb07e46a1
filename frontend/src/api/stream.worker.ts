// The stream of all tabs of this browser: HTTP/1.1 gives an origin six connections, and hidden tabs want to know, too.
import { type Message, Stream } from './stream'

/** What a tab tells the worker: that somebody listens there, that it goes away, or to connect at once. */
export type Order = { kind: 'listen'; user: number } | { kind: 'leave' } | { kind: 'retry' }

const ports = new Set<MessagePort>()
let user: number | null = null
/** How things stand, for a tab that comes later. */
let standing: Message | null = null

const stream = new Stream((message) => {
  if (message.kind === 'open' || message.kind === 'lost') standing = message
  for (const port of ports) port.postMessage(message)
})

function follow(port: MessagePort, order: Order) {
  if (order.kind === 'retry') stream.open()
  else if (order.kind === 'leave') {
    ports.delete(port)
    if (ports.size) return
    stream.close()
    user = null
  } else {
    ports.add(port)
    if (order.user !== user) {
      user = order.user
      standing = null
      stream.open()
    } else if (standing) port.postMessage(standing)
  }
}

const scope = self as unknown as { onconnect: (event: MessageEvent) => void }
scope.onconnect = ({ ports: [port] }) => {
  port!.onmessage = (event: MessageEvent<Order>) => follow(port!, event.data)
}
