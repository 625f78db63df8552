import { useLingui } from '@lingui/react/macro'

import type { RosterImport } from '../app/queries-admin.ts'

/** Words for what an import is about. */
export function useRosterWords() {
  const { t } = useLingui()
  const states: Record<RosterImport['state'], string> = {
    received: t`Received`, checking: t`Being checked`, waiting: t`Waits`, applying: t`Being applied`, undoing: t`Being taken back`, applied: t`Applied`, stopped: t`Stopped`, discarded: t`Discarded`, failed: t`Failed`, undone: t`Taken back`,
  }
  const kinds: Record<string, string> = { school: t`Schools`, term: t`Terms`, class: t`Classes`, person: t`People`, enrollment: t`Enrollments`, guardian: t`Guardians` }
  const actions: Record<string, string> = { new: t`New`, changed: t`Changed`, back: t`Back`, leaving: t`Leaving` }
  const holds: Record<string, string> = {
    first_import: t`It is the first import of this source.`, classes_leaving: t`Many classes would leave.`, students_leaving: t`Many students would leave.`, staff_leaving: t`Many staff would leave.`,
    enrollments_leaving: t`Many enrollments would end.`, kind_empty: t`One kind of rows is empty that was not before.`, identifiers_changed: t`Many identifiers changed.`, seats_exceeded: t`There are more people than the tier has seats.`,
    size_changed: t`Its size differs much from the one before.`, encoding_converted: t`Its text was converted from another character set.`,
  }
  return { states, kinds, actions, hold: (code: string) => holds[code] ?? code }
}
