import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'

import { useWork } from '../../app/context.tsx'
import { type Organization, organizations, tiers } from '../../app/queries-admin.ts'
import { Choice, Find, Form, Listed, State, Table, Unmet, once, useAddress, useChange } from '../../parts/manage.tsx'
import { Progress } from '../../parts/operation.tsx'
import { note } from '../../parts/begun.ts'
import { Title } from '../../parts/shell.tsx'

export function useOrganizationStates(): Record<Organization['status'], string> {
  const { t } = useLingui()
  return { provisioning: t`Being set up`, active: t`Active`, suspended: t`Suspended`, deleting: t`Being deleted` }
}

/** Every organization of the platform. */
export default function Organizations() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const [making, setMaking] = useState(false)
  const states = useOrganizationStates()
  const list = useInfiniteQuery({ ...organizations(work, { q: at.q, status: at.status }), refetchInterval: at.operation ? 3000 : false })
  return (
    <>
      <Title actions={<button type="button" className="button main" onClick={() => setMaking(true)}><Trans>Set an organization up …</Trans></button>}>{t`Organizations`}</Title>
      {at.operation && <Progress id={at.operation} />}
      <div className="bar">
        <Find label={t`Part of the name`} value={at.q} find={q => go({ q })} />
        <Choice label={t`State`} all={t`All`} value={at.status} options={Object.entries(states)} choose={status => go({ status })} />
      </div>
      <Listed of={list} empty={t`There is no such organization.`}>{rows => (
        <Table label={t`Organizations`} rows={rows} id={o => o.id} columns={[
          { head: t`Name`, cell: o => <Link to="/o/$org/operate/organizations/$id" params={{ org: work.place.organization_id, id: o.id }}><bdi>{o.name}</bdi></Link> },
          { head: t`Short name`, cell: o => o.slug },
          { head: t`State`, cell: o => <State state={o.status} word={states[o.status]} /> },
          { head: t`Tier`, cell: o => o.tier },
        ]} />
      )}</Listed>
      {making && <SetUp close={() => setMaking(false)} begun={operation => { note(work, operation); go({ operation }) }} />}
    </>
  )
}

function SetUp({ close, begun }: { close: () => void; begun: (operation: string) => void }) {
  const { t } = useLingui()
  const work = useWork()
  const { again } = useChange()
  const all = useQuery(tiers(work))
  const run = async (d: FormData) => {
    const value = (n: string) => String(d.get(n)).trim()
    const owner = value('email') ? { email: value('email') } : value('issuer') && value('subject') ? { issuer: value('issuer'), subject: value('subject') } : undefined
    if (!owner && (value('issuer') || value('subject'))) throw new Unmet(t`Give both the issuer and the subject of the owner, or an e-mail address.`)
    const answer = await work.api.POST('/api/v1/organizations', {
      params: { header: once() },
      body: { slug: value('slug'), name: value('name'), tier: value('tier'), ...(value('contact') ? { contact_email: value('contact') } : {}), ...(owner ? { owner } : {}) },
    })
    begun((answer.data as { operation_id: string }).operation_id)
    void again('organizations')
  }
  return (
    <Form title={t`Set an organization up`} verb={t`Set up`} run={run} close={close}>
      <label className="field"><Trans>Name</Trans><input name="name" required maxLength={200} dir="auto" autoFocus /></label>
      <label className="field"><Trans>Short name</Trans><input name="slug" required maxLength={63} pattern="[a-z0-9][a-z0-9\-]*" aria-describedby="slug-hint" /><span id="slug-hint" className="hint"><Trans>Small letters, digits and hyphens. It does not change later.</Trans></span></label>
      <label className="field"><Trans>Tier</Trans><select name="tier">{all.data?.items.filter(x => x.name !== 'platform').map(x => <option key={x.name} value={x.name}>{x.name}</option>)}</select></label>
      <label className="field"><Trans>E-mail address of the organization (optional)</Trans><input name="contact" type="email" maxLength={254} /></label>
      <fieldset className="checks"><legend><Trans>First owner</Trans></legend>
        <label className="field"><Trans>E-mail address; an invitation is sent to it</Trans><input name="email" type="email" maxLength={254} /></label>
        <label className="field"><Trans>or the issuer of their login</Trans><input name="issuer" type="url" /></label>
        <label className="field"><Trans>and their subject there</Trans><input name="subject" /></label>
      </fieldset>
    </Form>
  )
}
