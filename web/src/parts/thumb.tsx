import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { type Listed, type Work, useWork } from '../app/context.tsx'
import { Icon } from './icon.tsx'
import { useKind } from './names.tsx'

interface Asked { id: string; rendition: string; done: (url: string | null) => void }
const waiting = new Map<Work, Asked[]>()

/** The address of a thumbnail. Those that are asked for within one moment are one request: a wall of them fits into the caller's limit. */
function addressOf(w: Work, id: string, rendition: string): Promise<string | null> {
  return new Promise(done => {
    const batch = waiting.get(w)
    if (batch) { batch.push({ id, rendition, done }); return }
    waiting.set(w, [{ id, rendition, done }])
    setTimeout(() => {
      const all = waiting.get(w) ?? []
      waiting.delete(w)
      for (let n = 0; n < all.length; n += 100) void fetchAddresses(w, all.slice(n, n + 100))
    }, 30)
  })
}

async function fetchAddresses(w: Work, some: Asked[]) {
  try {
    const { items } = (await w.api.POST('/api/v1/storage/links', { body: { items: some.map(a => ({ file_id: a.id, rendition: a.rendition })) as never } })).data!
    for (const [n, a] of some.entries()) a.done(items[n]?.url ?? null)
  } catch { for (const a of some) a.done(null) } // the sign of its kind is shown instead
}

/** A small picture of a file, or the sign of its kind. The address lives for a minute: a picture that comes into view later asks again. */
export function Thumb({ file: f }: { file: Listed }) {
  const work = useWork()
  const kind = useKind()
  const name = f.thumbnail
  const [failures, setFailures] = useState(0)
  const address = useQuery({
    queryKey: [work.place.organization_id, 'thumb', f.id, f.version, name, failures], queryFn: () => addressOf(work, f.id, name!),
    enabled: name !== undefined && failures < 2, staleTime: 45_000, gcTime: 45_000, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false,
  })
  if (!name || !address.data || failures >= 2) return <Icon name={kind(f).icon} />
  return <img src={address.data} alt="" draggable={false} decoding="async" onError={() => setFailures(n => n + 1)} />
}
