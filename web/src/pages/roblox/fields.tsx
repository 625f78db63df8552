import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../../app/context.tsx'
import type { RobloxConnection } from '../../app/queries-roblox.ts'
import { spaces } from '../../app/queries.ts'
import { Failure } from '../../parts/failure.tsx'
import { Check } from '../../parts/manage.tsx'
import { useSpaceName } from '../../parts/names.tsx'

/** What can be changed of a connection: its name, whose files go there, what is counted, and whether it syncs by itself. */
export function Fields({ of: c }: { of?: RobloxConnection }) {
  const work = useWork()
  const name = useSpaceName()
  const all = useQuery(spaces(work))
  const some = all.data?.filter(s => s.kind !== 'personal' && s.kind !== 'confidential' && s.state === 'open') ?? []
  return (
    <>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={100} dir="auto" autoFocus defaultValue={c?.name} /></label>
      <fieldset className="checks"><legend><Trans>Spaces whose files become assets</Trans></legend>
        {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
        {some.map(s => <Check key={s.id} name="space" value={s.id} on={c?.space_ids.includes(s.id)}><bdi>{name(s)}</bdi></Check>)}
        {all.data && c?.space_ids.filter(id => !some.some(s => s.id === id)).map(id => <input key={id} type="hidden" name="space" value={id} />)}
        {all.data && some.length === 0 && <p><Trans>There is no space that can be chosen. Make a library first.</Trans></p>}
        <p className="small quiet"><Trans>Personal and confidential spaces cannot be chosen. Of the others, files with personal data and education records stay here.</Trans></p>
      </fieldset>
      <label className="field"><Trans>Counted in the game</Trans><input name="progress" maxLength={2600} autoComplete="off" spellCheck={false} placeholder="volcano-quiz" defaultValue={c?.progress.join(' ')} />
        <span className="hint"><Trans>Names of what the experience counts, with spaces between. The key needs the permissions for ordered data stores. Empty: nothing is read.</Trans></span></label>
      <Check name="automatic" on={c?.automatic ?? true}><Trans>Sync by itself each hour</Trans></Check>
    </>
  )
}

/** What the fields say. Spaces that are not in the list, because they are closed now, stay chosen. */
export const fieldsOf = (d: FormData) => ({ name: String(d.get('name')).trim(), space_ids: d.getAll('space').map(String), progress: String(d.get('progress') ?? '').split(/[\s,]+/).filter(Boolean), automatic: d.has('automatic') })

/** The field of the key. It is sent once and never comes back. */
export function KeyField() {
  const { t } = useLingui()
  return (
    <label className="field"><Trans>API key of Open Cloud</Trans>
      <input name="key" type="password" required maxLength={4096} autoComplete="off" spellCheck={false} placeholder={t`as the Creator Dashboard showed it`} />
      <span className="hint"><Trans>It is kept encrypted and is never shown again, not even to you.</Trans></span></label>
  )
}
