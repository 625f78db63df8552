import { type Schemas, foldersOf } from '@satchel/client'
import { type Satchel, createSatchel } from '@satchel/react'
import { createContext, useContext } from 'react'

import type { QueryClient } from '@tanstack/react-query'
import type { Session } from './session.ts'

export type File = Schemas['File']
/** A file as lists bring it: what is empty is absent, and the page of one file asks for the rest. */
export type Listed = Schemas['ListedFile']
export type Folder = Schemas['Folder']
export type Space = Schemas['Space']
export type Place = Schemas['Place'] & { grants?: string[] }

/** The organization that the page works in, and what it works with there. */
export interface Work extends Satchel { session: Session; place: Place; queries: QueryClient }

const made = new Map<string, Work>()

/** The one Work of an organization in this page: an upload goes on while another organization is looked at. */
export function workIn(session: Session, place: Place, queries: QueryClient): Work {
  const known = made.get(place.organization_id)
  if (known) return known
  const filled = new Set<string>() // folders that were sent and have a file: the lists of folders are read again at the first one, not at each
  const satchel = createSatchel({
    baseUrl: '', getToken: stale => session.getToken(stale), organization: place.organization_id, owner: place.user_id,
    onOutcome: (item, target) => {
      void queries.invalidateQueries({ queryKey: [place.organization_id, 'files'] })
      const path = foldersOf(item.path).join('/')
      const folder = [target.spaceId, target.folderId, path].join('/')
      if (path === '' || filled.has(folder)) return
      filled.add(folder)
      void queries.invalidateQueries({ queryKey: [place.organization_id, 'folders'] })
    },
  })
  const work = { ...satchel, session, place, queries }
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
