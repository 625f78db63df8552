import { Trans, useLingui } from '@lingui/react/macro'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'

import { type Space, useWork } from '../app/context.tsx'
import { spaces } from '../app/queries.ts'
import { Failure } from '../parts/failure.tsx'
import { Waiting } from '../parts/front.tsx'
import { Icon, type IconName } from '../parts/icon.tsx'
import { useSpaceName } from '../parts/names.tsx'
import { Title } from '../parts/shell.tsx'

const icons: Record<Space['kind'], IconName> = { personal: 'mine', class: 'class', group: 'group', library: 'library', staff: 'staff', confidential: 'lock' }

/** The spaces that a person is in, by kind. */
export default function Spaces() {
  const { t } = useLingui()
  const work = useWork()
  const name = useSpaceName()
  const all = useQuery(spaces(work))
  const kinds: [Space['kind'], string][] = [
    ['personal', t`Of people`], ['class', t`Classes`], ['group', t`Groups`], ['library', t`Libraries`], ['staff', t`Staff rooms`], ['confidential', t`Confidential`],
  ]
  const young = work.place.role === 'student'
  return (
    <>
      <Title>{young ? t`Classes` : t`Spaces`}</Title>
      {all.error && <Failure error={all.error} again={() => void all.refetch()} />}
      {all.isPending && <Waiting />}
      {all.data?.length === 0 && <p className="empty"><Trans>You are in no space yet. Your school puts you into the spaces of your classes.</Trans></p>}
      {kinds.map(([kind, heading]) => {
        const some = all.data?.filter(s => s.kind === kind && !(young && kind === 'personal')) ?? []
        if (some.length === 0) return null
        return (
          <section key={kind} aria-labelledby={'kind-' + kind}>
            <h2 id={'kind-' + kind}>{heading}</h2>
            <ul className="choices">{some.map(s => (
              <li key={s.id}>
                <Link className="choice" to="/o/$org/spaces/$space" params={{ org: work.place.organization_id, space: s.id }}>
                  <Icon name={icons[s.kind]} /><bdi>{name(s)}</bdi>
                  {s.state !== 'open' && <span className="quiet small">{s.state === 'frozen' ? t`for reading only` : t`put away`}</span>}
                </Link>
              </li>
            ))}</ul>
          </section>
        )
      })}
    </>
  )
}
