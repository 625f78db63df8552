import { type Problem, type Schemas, asProblem, follow } from '@satchel/client'
import { useCallback, useEffect, useState } from 'react'

import { useSatchel } from './satchel.tsx'

export interface Read<T> { data: T | undefined; problem: Problem | undefined; reload: () => void }

/** Reads when `key` changes and when `reload` is called. What was read of the same key stays until the next answer. */
function useRead<T>(key: string, read: (signal: AbortSignal) => Promise<T>): Read<T> {
  const [state, setState] = useState<{ key: string; data?: T; problem?: Problem }>({ key })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    read(stop.signal).then(
      data => setState({ key, data }),
      (e: unknown) => { if (!stop.signal.aborted) setState({ key, problem: asProblem(e) }) },
    )
    return () => stop.abort()
  }, [key, turn]) // eslint-disable-line react-hooks/exhaustive-deps
  const mine = state.key === key
  return { data: mine ? state.data : undefined, problem: mine ? state.problem : undefined, reload: useCallback(() => setTurn(n => n + 1), []) }
}

export interface FilesQuery { spaceId?: string; folderId?: string; sort?: 'name' | '-name' | 'created_at' | '-created_at' | 'size' | '-size' | 'kind' | '-kind'; limit?: number }

/** A page of files, newest first unless it is told otherwise. `useFile` has what lists leave out. */
export function useFiles({ spaceId, folderId, sort, limit = 50 }: FilesQuery = {}): Read<Schemas['ListedFile'][]> {
  const { api } = useSatchel()
  const query = { limit, ...(spaceId ? { space_id: spaceId } : {}), ...(folderId ? { folder_id: folderId } : {}), ...(sort ? { sort } : {}) }
  return useRead(JSON.stringify(query), async signal => (await api.GET('/api/v1/storage/files', { params: { query }, signal })).data!.items)
}

/** One file, which is read again at each of its events until it has an outcome. */
export function useFile(id: string): Read<Schemas['File']> {
  const { api, connection } = useSatchel()
  const found = useRead(id, async signal => (await api.GET('/api/v1/storage/files/{id}', { params: { path: { id } }, signal })).data!)
  const { reload } = found
  const running = found.data?.status === 'uploading' || found.data?.status === 'processing'
  useEffect(() => {
    if (!running) return undefined
    const stop = new AbortController()
    follow(connection, id, reload, stop.signal).catch(() => undefined) // the file itself says what is wrong
    return () => stop.abort()
  }, [connection, id, reload, running])
  return found
}

/** The versions of a file, newest first. */
export function useVersions(id: string): Read<Schemas['File'][]> {
  const { api } = useSatchel()
  return useRead(id, async signal => (await api.GET('/api/v1/storage/files/{id}/versions', { params: { path: { id } }, signal })).data!.items)
}

/** How much the caller may store and how much is used, in bytes. */
export function useQuota(): Read<Schemas['Quota']> {
  const { api } = useSatchel()
  return useRead('', async signal => (await api.GET('/api/v1/storage/quota', { signal })).data!)
}
