import { useQuery } from '@tanstack/react-query'

import { type Work, useWork } from '../app/context.tsx'

export interface Begun { id: string; org?: string | undefined }

// The API lists no operations, so the page remembers those that it has begun, until it is left.
const key = (w: Work) => [w.place.organization_id, 'begun']

export function note(w: Work, id: string, org?: string) {
  w.queries.setQueryData<Begun[]>(key(w), old => [{ id, org }, ...(old ?? []).filter(o => o.id !== id)])
}

export function useBegun(): Begun[] {
  const w = useWork()
  return useQuery<Begun[]>({ queryKey: key(w), queryFn: () => [], staleTime: Infinity, gcTime: Infinity }).data ?? []
}
