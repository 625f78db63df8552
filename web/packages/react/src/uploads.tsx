import { useSyncExternalStore } from 'react'

import type { Item, Uploader } from '@satchel/client/uploads'

/** The files of an uploader, in the order in which they were added. */
export function useUploads(uploader: Uploader): readonly Item[] {
  return useSyncExternalStore(uploader.subscribe, uploader.items)
}
