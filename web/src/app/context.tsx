import { type Api, type Connection, type Schemas, createApi } from '@satchel/client'
import { Uploader } from '@satchel/client/uploads'
import { createContext, useContext } from 'react'

import type { QueryClient } from '@tanstack/react-query'
import type { Session } from './session.ts'

export type File = Schemas['File']
export type Folder = Schemas['Folder']
export type Space = Schemas['Space']
export type Place = Schemas['Place'] & { grants?: string[] }

/** The organization that the page works in, and what it works with there. */
export interface Work { session: Session; connection: Connection; api: Api; place: Place; uploader: Uploader; queries: QueryClient }

const made = new Map<string, Work>()

/** The one Work of an organization in this page: an upload goes on while another organization is looked at. */
export function workIn(session: Session, place: Place, queries: QueryClient): Work {
  const known = made.get(place.organization_id)
  if (known) return known
  const connection: Connection = { baseUrl: '', getToken: stale => session.getToken(stale), organization: place.organization_id }
  const api = createApi(connection)
  const uploader = new Uploader({
    api, connection, owner: place.user_id,
    onOutcome: () => { void queries.invalidateQueries({ queryKey: [place.organization_id, 'files'] }) },
  })
  const work = { session, connection, api, place, uploader, queries }
  made.set(place.organization_id, work)
  return work
}

export const everyWork = () => [...made.values()]

const Context = createContext<Work | null>(null)
export const WorkProvider = Context.Provider

export function useWork(): Work {
  const work = useContext(Context)
  if (!work) throw new Error('useWork outside of an organization')
  return work
}
