import { useLingui } from '@lingui/react/macro'
import { asProblem } from '@satchel/client'
import { useQuery } from '@tanstack/react-query'

import { useWork } from '../app/context.tsx'
import { may } from '../app/grants.ts'
import { type Share, type ShareKind, type SharePermission, personNamed } from '../app/queries-shares.ts'
import { useSentence } from './failure.tsx'

/** Why something may not be shared that way, by the rule that the API names. Each says what may be done instead. */
export function useForbidden() {
  const { t } = useLingui()
  return {
    records_stay_inside: t`This is about a student. It is shared with people and classes of the school, and not outside. An owner can allow it for your school.`,
    confidential_stays_inside: t`This is in a confidential space. Only its people see it; who manages the space lets others in.`,
    personal_needs_named_people: t`This file has personal data, so it gets no link that anybody can pass on. Share it with people by name, or with classes.`,
    outside_shares_off: t`Your school does not share with people outside. Share with people and classes of the school, or ask an owner to allow it.`,
    outside_upload_off: t`Your school takes no files from people outside. Let them be sent to somebody in the school, or ask an owner to allow it.`,
    no_agreement: t`Your school has no agreement for giving this to another system. Ask an owner.`,
    students: t`Your teacher can share it with people outside. You can share it with people of your classes.`,
    class_space: t`A whole space is shared with people. With a class, share a folder of it.`,
  }
}

/** The sentence of a refused share: by its rule, by its code, or by what is generally to be done. */
export function useShareRefusal(): (error: unknown) => string {
  const { t } = useLingui()
  const forbidden: Record<string, string> = useForbidden()
  const sentence = useSentence()
  const byCode: Record<string, string> = {
    share_not_allowed: t`Only those who may change it where it is can share it. Ask them.`,
    share_outside_not_allowed: forbidden.students!,
    share_too_long: t`Your school lets a share outside last for less time. Choose an earlier end.`,
    share_password_required: t`Your school wants a password on every link. Give one of 8 characters or more.`,
    disclosure_basis_required: t`This is an education record. Say why it may leave the school.`,
    invalid_disclosure_basis: t`The ground is one of 34 CFR 99.31, written like 99.31(a)(2).`,
    share_is_over: t`This share has ended and does not begin again. Make a new one.`,
    share_target_trashed: t`It is in the bin. Put it back, then share it.`,
    share_target_refused: t`The check did not take this file, so there is nothing to share.`,
    unknown_recipient: t`One of these people or classes is not there any more, or not one that you can share with.`,
    invalid_expires_at: t`This end is over already. Choose a later one.`,
    share_limit_below: t`So many downloads have been made already. Give a higher number, or end the share.`,
    share_made: t`This link was made already and is shown only once. End that share and make a new one.`,
    resend_too_soon: t`The mail went out less than a minute ago. Give it time to arrive.`,
  }
  return error => {
    const p = asProblem(error)
    return (p.rule && forbidden[p.rule]) || byCode[p.code] || sentence(error)
  }
}

export function useShareWords() {
  const { t } = useLingui()
  const kinds: Record<ShareKind, string> = { members: t`People of the school`, classes: t`Classes`, link: t`Anyone who has the link`, people: t`People outside, by mail` }
  const permissions: Record<SharePermission, string> = {
    view: t`look at it`, download: t`read and download it`, upload: t`put files into it`, edit: t`change it`,
  }
  const states: Record<Share['status'], string> = {
    open: t`Is open`, not_open: t`Opens later`, target_trashed: t`Waits: it is in the bin`, used_up: t`All its downloads are used`, not_disclosed: t`Closed by a rule of your school`,
    organization_suspended: t`Your school is closed`, revoked: t`Ended by a person`, expired: t`Its time is over`, sharer_left: t`Ended: its maker left`,
    sharer_demoted: t`Ended: its maker may not share it any more`, target_deleted: t`Ended: it was deleted`, target_moved: t`Ended: it was moved`,
    class_deleted: t`Ended: the class is over`, recipients_left: t`Ended: its people left`,
  }
  return { kinds, permissions, states }
}

/** The name of a person by their id. */
export function Person({ id }: { id: string }) {
  const { t } = useLingui()
  const work = useWork()
  const name = useQuery({ ...personNamed(work, id, may(work.place, 'read_members')), enabled: id !== '' && id !== work.place.user_id })
  if (id === work.place.user_id) return <>{t`you`}</>
  return <bdi>{name.data || (name.isPending && id ? '…' : t`a person of the school`)}</bdi>
}
