import { useLingui } from '@lingui/react/macro'

import { type Folder, type Listed, type Space, useWork } from '../app/context.tsx'
import type { IconName } from './icon.tsx'

/** The name of a space: one's own has none that says more than that it is one's own. */
export function useSpaceName(): (s: Space) => string {
  const { t } = useLingui()
  const { place } = useWork()
  return s => (s.kind === 'personal' && s.owner_id === place.user_id ? t`My files` : s.name || t`Files of a person`)
}

/** What a file is, in a word that a child knows. */
export function useKind(): (f: Pick<Listed, 'mime_type' | 'name'>) => { word: string; icon: IconName } {
  const { t } = useLingui()
  return f => {
    const type = f.mime_type
    if (type.startsWith('image/')) return { word: t`Picture`, icon: 'picture' }
    if (type.startsWith('audio/')) return { word: t`Sound`, icon: 'sound' }
    if (type.startsWith('video/')) return { word: t`Film`, icon: 'film' }
    if (type === 'application/pdf') return { word: t`PDF`, icon: 'text' }
    if (/spreadsheet|excel|csv/.test(type)) return { word: t`Table`, icon: 'table' }
    if (/presentation|powerpoint/.test(type)) return { word: t`Slides`, icon: 'slides' }
    if (/word|opendocument.text|rtf/.test(type)) return { word: t`Text`, icon: 'text' }
    if (/zip|tar|compressed/.test(type)) return { word: t`Archive`, icon: 'archive' }
    if (type.startsWith('text/')) return { word: t`Text`, icon: 'text' }
    return { word: t`File`, icon: 'file' }
  }
}

/** The state of a file as a word and a mark, none of it by color alone. */
export function useStatus(): (f: Pick<Listed, 'status' | 'latest'>) => { word: string; mark: string } {
  const { t } = useLingui()
  return f => {
    switch (f.latest && f.status === 'published' && f.latest.status !== 'published' ? f.latest.status : f.status) {
      case 'uploading': return { word: t`Being sent`, mark: '↑' }
      case 'processing': return { word: t`Being checked`, mark: '…' }
      case 'published': return { word: t`Ready`, mark: '✓' }
      case 'quarantined': return { word: t`Locked away`, mark: '⚠' }
      case 'held': return { word: t`Held`, mark: '⏸' }
      case 'rejected': return { word: t`Not taken`, mark: '✕' }
      case 'failed': return { word: t`Failed`, mark: '✕' }
      case 'expired': return { word: t`Not finished`, mark: '✕' }
      case 'deleted': return { word: t`In the bin`, mark: '–' }
    }
  }
}

export function useFolderMode(): (f: Folder) => string {
  const { t } = useLingui()
  return f => (f.mode === 'handout' ? t`Hand-out` : f.mode === 'handin' ? t`Hand-in` : t`Folder`)
}
