import { Trans, useLingui } from '@lingui/react/macro'
import { type Advice, asProblem, adviceFor } from '@satchel/client'

/** The sentence of a problem: what happened and what to do. */
export function useSentence(): (error: unknown) => string {
  const { t } = useLingui()
  return error => {
    const texts: Record<Advice, string> = {
      offline: t`The network or the server does not answer. Nothing is lost; try again in a moment.`,
      signIn: t`Your sign-in is over. Sign in again; this page stays as it is.`,
      wait: t`There were many requests in a short time. Wait a minute, then try again.`,
      notAllowed: t`You may not do this here. Ask the person who manages this place.`,
      gone: t`It is not here any more. It may have been moved or deleted; go back and look again.`,
      nameTaken: t`There is something with this name already. Choose another name.`,
      changed: t`It was changed meanwhile. Load the list again, then try once more.`,
      tooLarge: t`The file is larger than your school allows. Send a smaller one.`,
      full: t`There is not enough free space. Empty the bin, or ask your school for more.`,
      typeRefused: t`Your school does not take this kind of file. Save it as another kind, for example as PDF.`,
      consent: t`This is a file of a child, and neither a parent nor the school has agreed to it yet. Ask your school.`,
      consentScope: t`This is a file of a child, and what the parents or the school agreed to does not cover this. Ask an administrator of your school.`,
      alreadyAsked: t`This parent is asked already. Send the mail again under Requests for consent, or take the request back first.`,
      noNotice: t`No notice to parents is published. Publish one under Notice to parents, then ask.`,
      noConsentNeeded: t`By what the school knows the student is no child, so no consent is needed.`,
      addressOfStudent: t`This address is that of a student. Give one that only the parent reads.`,
      mailsOfToday: t`This address got as many mails about consent as it gets in a day. Ask again tomorrow.`,
      assurance: t`Your organization has no written assurances of who gives this service. Record them first, under Children's data.`,
      damaged: t`The file was damaged on its way. Send it again.`,
      dangerous: t`The check found something dangerous in this file. It cannot be opened.`,
      notReady: t`The file is still being checked. Wait a moment.`,
      closed: t`Your organization is closed at the moment. Ask its owner.`,
      busy: t`Somebody else is changing it right now. Try again in a moment.`,
      invalid: t`This did not work as it was asked for. Check what you entered.`,
      server: t`Something went wrong at the server. Nothing of yours is lost; try again in a moment.`,
    }
    return texts[adviceFor(asProblem(error))]
  }
}

/** A failure in place of what could not be shown, with a way on. */
export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const sentence = useSentence()
  const p = asProblem(error)
  return (
    <div className="failure" role="alert">
      <p>{sentence(error)}</p>
      {p.detail && p.status > 0 && <p className="quiet" lang="en">{p.detail}</p>}
      {again && <p><button type="button" className="button" onClick={again}><Trans>Try again</Trans></button></p>}
      {p.requestId && <p className="quiet small"><Trans>Reference for support: {p.requestId}</Trans></p>}
    </div>
  )
}
