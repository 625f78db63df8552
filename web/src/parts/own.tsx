import { Trans } from '@lingui/react/macro'

import type { OwnStudent } from '../app/queries-compliance.ts'
import { useOwnStudents } from './own-students.ts'
import { Named, brief } from './people.tsx'

/** A student by their id. A parent has the names of their own children, and of no one else. */
export function StudentName({ id }: { id: string }) {
  const own = useOwnStudents().find(s => s.student_id === id)
  return own?.display_name ? <bdi>{own.display_name}</bdi> : <Named id={id} />
}

/** One of the children about whose records the person asks, as a field of the form around it. */
export function ChooseOwn({ of }: { of: OwnStudent[] }) {
  return (
    <label className="field"><Trans>Child</Trans><select name="student" required>
      {of.filter(s => s.rights).map(s => <option key={s.student_id} value={s.student_id}>{s.display_name || brief(s.student_id)}</option>)}
    </select></label>
  )
}
