import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { type ReportFormat, type ReportKind, kindsFor, ownClasses, reportFormats } from '../../app/queries-reports.ts'
import { useReportWords } from '../../parts/report-words.tsx'
import { Unmet } from '../../parts/manage.tsx'

/** What a report is about, in which form and where it goes: the fields that a report and a schedule share. */
export function About({ fixed, place = 'personal', format = 'json' }: { fixed?: boolean; place?: string; format?: ReportFormat }) {
  const { t } = useLingui()
  const work = useWork()
  const words = useReportWords()
  const kinds = kindsFor(work.place.role)
  const [kind, setKind] = useState<ReportKind>(kinds[0]!)
  const mine = useQuery({ ...ownClasses(work), enabled: kind === 'class' })
  return (
    <>
      {!fixed && <label className="field"><Trans>About</Trans>
        <select name="kind" value={kind} autoFocus onChange={e => setKind(e.target.value as ReportKind)}>{kinds.map(k => <option key={k} value={k}>{words.kinds[k]}</option>)}</select>
        <span className="hint">{words.about[kind]}</span></label>}
      {!fixed && kind === 'class' && <label className="field"><Trans>Class</Trans>
        <select name="class" required>{mine.data?.map(c => <option key={c.id} value={c.id}>{c.title}</option>)}</select>
        {mine.data?.length === 0 && <span className="hint"><Trans>You are in no class.</Trans></span>}</label>}
      <label className="field"><Trans>Form</Trans><select name="format" defaultValue={format}>{reportFormats.map(f => <option key={f} value={f}>{words.formats[f]}</option>)}</select></label>
      {kind === 'class' && !fixed
        ? <p className="small quiet"><Trans>It goes to your own files alone, since it names students.</Trans></p>
        : <label className="field"><Trans>Its file goes</Trans><select name="place" defaultValue={place}><option value="personal">{t`to my own files`}</option><option value="staff">{t`into the staff room`}</option></select></label>}
    </>
  )
}

/** What the fields say. */
export function useAbout() {
  const { t } = useLingui()
  return (d: FormData) => {
    const kind = d.get('kind') as ReportKind
    const one = d.get('class')
    if (kind === 'class' && !one) throw new Unmet(t`You are in no class.`)
    return { kind, format: d.get('format') as ReportFormat, ...(kind === 'class' ? { class_id: String(one) } : { place: d.get('place') as 'personal' }) }
  }
}
