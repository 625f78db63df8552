import { plural } from '@lingui/core/macro'
import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import type { FormEvent } from 'react'

import { useWork } from '../../app/context.tsx'
import { exactly, size } from '../../app/format.ts'
import { may } from '../../app/grants.ts'
import { type Organization, organizationById } from '../../app/queries-admin.ts'
import { Failure } from '../../parts/failure.tsx'
import { Waiting } from '../../parts/front.tsx'
import { Check, once, useAddress, useChange, useSave } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { Title } from '../../parts/shell.tsx'

/** What the organization is called, which websites call for it, and a copy of everything that it has. */
export default function OrganizationPage() {
  const { t } = useLingui()
  const work = useWork()
  const org = useQuery(organizationById(work, work.place.organization_id))
  return (
    <>
      <Title>{t`Organization`}</Title>
      {org.error && <Failure error={org.error} again={() => void org.refetch()} />}
      {org.isPending && !org.error && <Waiting />}
      {org.data && <>
        {may(work.place, 'change_organization') ? <Settings key={org.data.updated_at} of={org.data} /> : <Facts of={org.data} />}
        {may(work.place, 'export_organization') && <Export />}
      </>}
    </>
  )
}

function Facts({ of: o }: { of: Organization }) {
  const { t } = useLingui()
  const facts: [string, React.ReactNode][] = [[t`Name`, <bdi key="n">{o.name}</bdi>], [t`Short name`, o.slug], [t`Tier`, o.tier]]
  return <section className="panel" aria-label={t`Organization`}><dl className="facts">{facts.map(([n, v]) => <div key={n}><dt>{n}</dt><dd>{v}</dd></div>)}</dl><p className="small quiet"><Trans>Owners change it.</Trans></p></section>
}

function Settings({ of: o }: { of: Organization }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { busy, change } = useChange()
  const save = (e: FormEvent<HTMLFormElement>) => {
    e.preventDefault()
    const d = new FormData(e.currentTarget)
    const body = {
      name: String(d.get('name')).trim(), contact_email: String(d.get('contact')).trim(), reads_while_suspended: d.has('reads'),
      allowed_origins: String(d.get('origins')).split(/\s+/).filter(Boolean),
    }
    void change(() => api.PATCH('/api/v1/organizations/{id}', { params: { path: { id: place.organization_id } }, body }), t`The organization is saved.`, 'organizations')
  }
  return (
    <form className="panel form" onSubmit={save} aria-label={t`Organization`}>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" defaultValue={o.name} /></label>
      <label className="field"><Trans>E-mail address for the operators</Trans><input name="contact" type="email" maxLength={254} defaultValue={o.contact_email} /></label>
      <label className="field"><Trans>Websites whose pages may call the API, one a line</Trans><textarea name="origins" rows={3} defaultValue={o.allowed_origins?.join('\n')} aria-describedby="origins-hint" /><span id="origins-hint" className="hint"><Trans>Such as https://portal.school.example, without a path.</Trans></span></label>
      <Check name="reads" on={o.reads_while_suspended}><Trans>While the organization is suspended, its people can still read</Trans></Check>
      <div className="actions"><button className="button main" aria-disabled={busy}><Trans>Save</Trans></button></div>
    </form>
  )
}

interface Part { number: number; size: number; sha256: string; files: number }

function Export() {
  const { t } = useLingui()
  const { api, place } = useWork()
  const [at, go] = useAddress()
  const { busy, change } = useChange()
  const save = useSave()
  const start = () => void change(async () => {
    const answer = await api.POST('/api/v1/organizations/{id}/export', { params: { path: { id: place.organization_id }, header: once() } })
    go({ export: answer.data!.operation_id })
  }, '')
  return (
    <section className="panel" aria-labelledby="export"><h2 id="export"><Trans>A copy of everything</Trans></h2>
      <p><Trans>All files with their versions, people, classes and the audit log, as zip archives. It is kept for seven days. Keep the address of this page to come back to it.</Trans></p>
      {!at.export && <p><button type="button" className="button" aria-disabled={busy} onClick={start}><Trans>Make a copy</Trans></button></p>}
      {at.export && <Progress id={at.export} org={place.organization_id}>{result => {
        const r = result as { parts: Part[]; expires_at: string }
        return <>
          <p><Trans>Kept until {exactly(r.expires_at)}.</Trans></p>
          <ul className="versions">{r.parts.map(p => (
            <li key={p.number}><span>{t`Part ${p.number}`} · {size(p.size)} · {plural(p.files, { one: '# file', other: '# files' })}<br /><code className="small quiet">SHA-256 {p.sha256}</code></span>
              <button type="button" className="button" aria-label={t`Download part ${p.number}`} onClick={() => void save(`/api/v1/organizations/${place.organization_id}/exports/${at.export}/${p.number}`, `export-${p.number}.zip`)}><Trans>Download</Trans></button></li>
          ))}</ul></>
      }}</Progress>}
      {at.export && <p><button type="button" className="link" onClick={() => go({ export: undefined })}><Trans>Make another one</Trans></button></p>}
    </section>
  )
}
