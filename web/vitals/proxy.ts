import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request: an answer of the proxy's own, or where its connection ends. Undefined: it goes through. */
export type Fault = { status: number; headers?: Record<string, string>; code: string } | 'before' | 'within' | 'after' | undefined

/**
 * A forward proxy between the browser and the stack that does to each request what `fault` says. Faults are of the network and
 * not of the browser's own making: a connection that ends within a request, or after it was handled and before its answer.
 */
export class FlakyProxy {
  faults = 0
  private constructor(private readonly server: Server) {}

  static async start(fault: (req: IncomingMessage) => Fault): Promise<FlakyProxy> {
    const server = createServer()
    const proxy = new FlakyProxy(server)
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      const what = fault(req)
      if (what !== undefined) proxy.faults++
      if (what === 'before') { req.socket.destroy(); return }
      if (typeof what === 'object') {
        req.resume() // a browser that is still sending when it is answered sees a cut, not the answer
        req.on('end', () => { res.writeHead(what.status, { 'Content-Type': 'application/problem+json', ...what.headers }).end(JSON.stringify({ status: what.status, code: what.code, title: what.code })) })
        return
      }
      const { hostname, port, pathname, search } = new URL(req.url!)
      const headers = { ...req.headers }
      delete headers['proxy-connection']
      const onward = request({ hostname, port, path: pathname + search, method: req.method!, headers }, answer => {
        if (what === 'after') { answer.resume(); answer.on('end', () => req.socket.destroy()); return }
        res.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(res)
        answer.on('error', () => req.socket.destroy())
      })
      onward.on('error', () => req.socket.destroy()) // nothing listens there: neither does anything here
      res.on('close', () => onward.destroy())
      if (what === 'within') {
        let left = Number(req.headers['content-length'] ?? 0) * Math.random()
        req.on('data', (some: Buffer) => { left -= some.length; if (left <= 0) { req.socket.destroy(); onward.destroy() } })
        req.on('end', () => { req.socket.destroy(); onward.destroy() })
      }
      req.pipe(onward)
      req.on('error', () => onward.destroy())
    })
    await new Promise<void>(done => { server.listen(0, '127.0.0.1', done) })
    return proxy
  }

  get address(): string { return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` }

  end(): void { this.server.closeAllConnections(); this.server.close() }
}
