import { Trans, useLingui } from '@lingui/react/macro'

import { useWork } from '../../app/context.tsx'
import type { Role } from '../../app/queries-admin.ts'
import { Form, once, useChange, useRoleName } from '../../parts/manage.tsx'

/** Asks for the person to invite, and for the role. `person`: somebody who is known already and has no login. */
export function Invite({ person, close }: { person?: string; close: () => void }) {
  const { t } = useLingui()
  const { api, place } = useWork()
  const { again } = useChange()
  const name = useRoleName()
  const roles: Role[] = place.role === 'admin' ? ['teacher', 'student', 'parent', 'auditor'] : ['teacher', 'student', 'parent', 'auditor', 'admin', 'owner']
  const run = async (d: FormData) => {
    await api.POST('/api/v1/organizations/{id}/invitations', {
      params: { path: { id: place.organization_id }, header: once() },
      body: { email: String(d.get('email')).trim(), role: d.get('role') as 'teacher', expires_in: Number(d.get('days')) * 86_400, ...(person ? { person_id: person } : {}) },
    })
    void again('invitations', 'people')
  }
  return (
    <Form title={t`Invite`} verb={t`Invite`} run={run} close={close}>
      <label className="field"><Trans>E-mail address</Trans><input name="email" type="email" required maxLength={254} autoComplete="off" autoFocus /></label>
      <label className="field"><Trans>Role</Trans><select name="role">{roles.map(r => <option key={r} value={r}>{name(r)}</option>)}</select></label>
      <label className="field"><Trans>Days until it expires</Trans><input name="days" type="number" required min={1} max={30} defaultValue={7} /></label>
    </Form>
  )
}
