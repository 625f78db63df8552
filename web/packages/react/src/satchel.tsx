import { type Api, type Connection, createApi } from '@satchel/client'
import { Uploader, type UploaderOptions } from '@satchel/client/uploads'
import { type ReactNode, createContext, useContext } from 'react'

/** A connection in one person's name, with the one queue of uploads of the page. */
export interface Satchel { api: Api; connection: Connection; uploader: Uploader }

export interface SatchelOptions extends Connection {
  /** Who is signed in: what another person began to send is not continued. */
  owner: string
  onOutcome?: UploaderOptions['onOutcome']
}

/** Makes a connection. Nothing is global: a page may have several, and a server that renders needs none. */
export function createSatchel({ owner, onOutcome, ...connection }: SatchelOptions): Satchel {
  const api = createApi(connection)
  return { api, connection, uploader: new Uploader({ api, connection, owner, ...(onOutcome ? { onOutcome } : {}) }) }
}

const Context = createContext<Satchel | null>(null)

export function SatchelProvider({ satchel, children }: { satchel: Satchel; children: ReactNode }) {
  return <Context.Provider value={satchel}>{children}</Context.Provider>
}

export function useSatchel(): Satchel {
  const found = useContext(Context)
  if (!found) throw new Error('useSatchel outside of <SatchelProvider>')
  return found
}
