import { useLingui } from '@lingui/react/macro'

import type { RobloxAssetState, RobloxConnection, RobloxLesson } from '../app/queries-roblox.ts'

/** Connections to Roblox in words: how an asset is, what Roblox refused, and what to do. */
export function useRobloxWords() {
  const { t } = useLingui()
  const onItsWay = t`is on its way`
  const states: Record<RobloxAssetState, string> = {
    planned: t`waits to be sent`, claimed: onItsWay, uploading: onItsWay, reviewing: t`Roblox looks at it`, approved: t`Roblox takes it`, live: t`is in the game`, rejected: t`rejected by Roblox’s moderation`,
    refused: t`refused by Roblox`, withheld: t`stays here`, unsure: t`unsure`, archiving: t`is taken away`, archived: t`taken away`, restoring: t`comes back`,
  }
  const lessons: Record<RobloxLesson['state'], string> = {
    planned: t`waits to be sent`, claimed: onItsWay, unsure: t`is read back`, live: t`is in the game`, refused: t`refused by Roblox`, withheld: t`stays here`, removing: t`is taken away`,
  }
  const why: Record<string, string> = {
    roblox_user_moderated: t`Roblox has moderated the account of the key. Look there what it is about, then resume the connection.`,
    roblox_key_refused: t`Roblox does not take the key: it is expired or disabled. Enter a new one.`,
    roblox_scope_missing: t`The key lacks a permission. Give it the permission in Roblox’s Creator Dashboard, then test the connection.`,
    roblox_quota_used: t`The account may make no more assets for now. The next sync tries again.`, roblox_too_large: t`It is larger than Roblox takes. Use a smaller file.`,
    roblox_refused: t`Roblox refused this file. Look whether it opens in Roblox Studio.`, roblox_unavailable: t`Roblox did not answer. The next sync tries again.`,
    roblox_busy: t`Roblox asks to wait. It goes on by itself.`, roblox_not_found: t`It is not at Roblox any more. Look for it in the Creator Dashboard.`,
    roblox_entry_changed: t`Something else writes this entry in the data store of the game. The next sync tries again.`,
    roblox_unsure: t`Roblox did not answer to the end. Look in the Creator Dashboard whether it is there.`,
  }
  const mark = (s: RobloxAssetState) => (s === 'live' ? 'done' : s === 'rejected' || s === 'refused' ? 'failed' : s === 'archived' ? 'archived' : 'waiting')
  const lessonMark = (s: RobloxLesson['state']) => (s === 'live' ? 'done' : s === 'refused' ? 'failed' : 'waiting')
  return {
    states, mark, lessons, lessonMark, code: (c: string): string => why[c] ?? '',
    connection: (c: RobloxConnection) => (c.state === 'active' ? t`Active` : t`Stopped`), withheld: t`It may not leave: it is personal, an education record or confidential.`,
  }
}
