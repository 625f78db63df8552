import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { type Policies, policies } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Check, useChange } from '../../parts/manage.tsx'
import { Title } from '../../parts/shell.tsx'

/** What the organization decides about its files: kinds, the bin, versions, and sharing with people outside. */
export default function Rules() {
  const { t } = useLingui()
  const work = useWork()
  const found = useQuery(policies(work))
  const p = found.data
  return (
    <>
      <Title>{t`Files and sharing`}</Title>
      {found.error && <Failure error={found.error} again={() => void found.refetch()} />}
      {found.isPending && !found.error && <Waiting />}
      {p && <><p className="quiet small"><Trans>Changed last: {exactly(p.updated_at)}</Trans></p><Settings key={p.updated_at} of={p} /></>}
    </>
  )
}

const words = (d: FormData, name: string) => String(d.get(name)).split(/[\s,]+/).filter(Boolean)

/** What the fields of the form say; a number that is left out is the platform's (0). */
export function policyOf(d: FormData) {
  const count = (name: string) => Number(d.get(name) || 0)
  return {
    type_switches: d.getAll('switch') as Policies['type_switches'], allowed_types: words(d, 'types'), extra_extensions: words(d, 'extensions'), empty_files: d.has('empty'),
    trash_days: count('trash'), version_keep: count('keep'), version_days: count('days'),
    share_outside: d.has('outside'), share_upload: d.has('upload'), share_password: d.has('password'), share_days: count('life'), share_access_days: count('accesses'), share_records: d.has('records'),
    pii_policy: d.get('personal') as Policies['pii_policy'], pii_student_ids: String(d.get('student-ids') ?? '').split('\n').map(l => l.trim()).filter(Boolean),
    mail_students: d.has('mail-students'), mail_language: d.get('mail-language') as Policies['mail_language'], time_zone: String(d.get('zone')).trim(),
  }
}

function Settings({ of: p }: { of: Policies }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const save = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const body = policyOf(new FormData(e.currentTarget))
    void change(() => api.PATCH('/api/v1/organizations/{id}/policies', { params: { path: { id: place.organization_id } }, body }), t`The rules are saved. They apply from now on.`, 'policies')
  }
  const switches: [Policies['type_switches'][0], string][] = [
    ['legacy_office_off', t`Refuse old Office files (.doc, .xls, .ppt)`], ['macros_staff', t`Take Office files with macros from staff`], ['course_packages_students', t`Take course packages from students`],
    ['scripts', t`Take shell and Windows scripts, which leave with .txt behind their name`], ['archives_more', t`Take tar and gzip archives`], ['databases', t`Take Access databases from staff`], ['native_script_names', t`Let scripts leave under their own name`],
  ]
  return (
    <form className="form" onSubmit={save} aria-label={t`Files and sharing`}>
      <fieldset className="checks panel"><legend><Trans>Kinds of files</Trans></legend>
        {switches.map(([s, word]) => <Check key={s} name="switch" value={s} on={p.type_switches.includes(s)}>{word}</Check>)}
        <Check name="empty" on={p.empty_files}><Trans>Take files without content</Trans></Check>
        <label className="field"><Trans>Only these media types (empty: all that the platform takes)</Trans><textarea name="types" rows={2} defaultValue={p.allowed_types.join('\n')} placeholder="application/pdf" /></label>
        <label className="field"><Trans>More endings that are taken without being known</Trans><input name="extensions" defaultValue={p.extra_extensions.join(' ')} placeholder=".sib" /></label>
      </fieldset>
      <fieldset className="checks panel"><legend><Trans>Bin and versions</Trans></legend>
        <label className="field"><Trans>Days in the bin (0: as long as the platform keeps it)</Trans><input name="trash" type="number" min={0} max={3650} defaultValue={p.trash_days ?? 0} /></label>
        <label className="field"><Trans>Versions that are kept of a file (0: all)</Trans><input name="keep" type="number" min={0} max={1000} defaultValue={p.version_keep ?? 0} /></label>
        <label className="field"><Trans>Days for which an old version is kept (0: for ever)</Trans><input name="days" type="number" min={0} max={3650} defaultValue={p.version_days ?? 0} /></label>
      </fieldset>
      <fieldset className="checks panel"><legend><Trans>Sharing with people outside</Trans></legend>
        <Check name="outside" on={p.share_outside}><Trans>Things are shared with people outside</Trans></Check>
        <Check name="upload" on={p.share_upload}><Trans>People outside can put files into drop boxes</Trans></Check>
        <Check name="password" on={p.share_password}><Trans>Every link has a password</Trans></Check>
        <Check name="records" on={p.share_records}><Trans>Education records are shared with people outside too</Trans></Check>
        <label className="field"><Trans>Longest life of a share in days (0: without a limit)</Trans><input name="life" type="number" min={0} max={3650} defaultValue={p.share_days ?? 0} /></label>
        <label className="field"><Trans>Days for which it is on record who opened a share</Trans><input name="accesses" type="number" min={0} max={3650} defaultValue={p.share_access_days ?? 0} /><span className="hint"><Trans>30 at least; 0: for as long as the share is there.</Trans></span></label>
      </fieldset>
      <fieldset className="checks panel"><legend><Trans>Personal data in files</Trans></legend>
        <label className="field"><Trans>A file in which personal data is found</Trans><select name="personal" defaultValue={p.pii_policy}>
          <option value="label">{t`is published, and says so`}</option><option value="restrict_sharing">{t`is published, and is not shared with people outside`}</option>
          <option value="ask">{t`waits until its sender or an administrator publishes it`}</option><option value="hold">{t`waits until an administrator publishes it`}</option>
        </select></label>
        <label className="field"><Trans>What ids of students look like, one regular expression a line</Trans><textarea name="student-ids" rows={2} maxLength={3300} spellCheck={false} defaultValue={p.pii_student_ids.join('\n')} /></label>
      </fieldset>
      <fieldset className="checks panel"><legend><Trans>Mail to members</Trans></legend>
        <Check name="mail-students" on={p.mail_students}><Trans>Students who gave an address get mail too</Trans></Check>
        <label className="field"><Trans>Language of mails, where a person chose none</Trans><select name="mail-language" defaultValue={p.mail_language}><option value="en" lang="en">English</option><option value="de" lang="de">Deutsch</option></select></label>
        <label className="field"><Trans>Time zone of summaries and quiet hours</Trans><input name="zone" required maxLength={64} list="zones" defaultValue={p.time_zone} /></label>
        <datalist id="zones">{Intl.supportedValuesOf('timeZone').map(z => <option key={z} value={z}>{z}</option>)}</datalist>
      </fieldset>
      <div className="actions"><button className="button main" aria-disabled={busy}><Trans>Save</Trans></button></div>
    </form>
  )
}
