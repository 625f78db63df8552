import { Trans, useLingui } from '@lingui/react/macro'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { exactly } from '../../app/format.ts'
import { members } from '../../app/queries-admin.ts'
import { Choice, Listed, Table, useAddress, useRoleName } from '../../parts/manage.tsx'
import { Named } from '../../parts/people.tsx'
import { Title } from '../../parts/shell.tsx'

/** Everybody who can sign in, by role; those too who have no name yet. */
export default function Members() {
  const { t } = useLingui()
  const work = useWork()
  const [at, go] = useAddress()
  const role = useRoleName()
  const list = useInfiniteQuery(members(work, at.role))
  const org = { org: work.place.organization_id }
  const roles = ['owner', 'admin', 'teacher', 'student', 'parent', 'auditor'].map(r => [r, role(r)] as const)
  return (
    <>
      <nav aria-label={t`Path`} className="crumbs"><ol><li><Link to="/o/$org/manage/people" params={org}><Trans>People</Trans></Link></li><li aria-current="page"><Trans>By role</Trans></li></ol></nav>
      <Title>{t`Members by role`}</Title>
      <div className="bar"><Choice label={t`Role`} all={t`All`} value={at.role} options={roles} choose={r => go({ role: r })} /></div>
      <Listed of={list} empty={t`No one has this role.`}>{rows => (
        <Table label={t`Members by role`} rows={rows} id={m => m.user_id} columns={[
          { head: t`Name`, cell: m => <Link to="/o/$org/manage/people/$user" params={{ ...org, user: m.user_id }}><Named id={m.user_id} /></Link> },
          { head: t`Role`, cell: m => role(m.role) },
          { head: t`Login`, cell: m => (m.subject ? <><bdi>{m.subject}</bdi><br /><span className="small quiet"><bdi>{m.issuer}</bdi></span></> : '–') },
          { head: t`Since`, cell: m => exactly(m.created_at) },
        ]} />
      )}</Listed>
    </>
  )
}
