import { useSyncExternalStore } from 'react'

import type { Item, Uploader } from '@satchel/client/uploads'

import { useSatchel } from './satchel.tsx'

/** The files of an uploader, in the order in which they were added. */
export function useUploads(uploader: Uploader): readonly Item[] {
  return useSyncExternalStore(uploader.subscribe, uploader.items, uploader.items)
}

/** One file of the page's uploads, or undefined once it is cleared. */
export function useUpload(id: string): Item | undefined {
  return useUploads(useSatchel().uploader).find(i => i.id === id)
}
