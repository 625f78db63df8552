import { useLingui } from '@lingui/react/macro'
import { Link } from '@tanstack/react-router'

import { useWork } from '../../app/context.tsx'
import { may } from '../../app/grants.ts'
import { useGroups, useManage } from '../../app/manage.tsx'
import AgreementNotice from '../../parts/agreement-notice.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Title } from '../../parts/shell.tsx'

/** What there is to manage, with a line each. */
export default function Manage() {
  const { t } = useLingui()
  const { place } = useWork()
  const entries = useManage(place)
  const groups = useGroups()
  return (
    <>
      {place.role !== 'operator' && may(place, 'authorize') && <AgreementNotice />}
      <Title>{t`Administration`}</Title>
      {entries.length === 0 && <p className="empty">{t`There is nothing here that you manage.`}</p>}
      {groups.map(([group, heading]) => {
        const some = entries.filter(e => e.group === group)
        if (some.length === 0) return null
        return (
          <section key={group} aria-labelledby={'group-' + group}>
            <h2 id={'group-' + group}>{heading}</h2>
            <ul className="choices">{some.map(e => (
              <li key={e.to}><Link className="choice" to={e.to}><Icon name={e.icon} /><strong>{e.label}</strong><span className="small quiet">{e.about}</span></Link></li>
            ))}</ul>
          </section>)
      })}
    </>
  )
}
