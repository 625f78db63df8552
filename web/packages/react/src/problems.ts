import { type Advice, adviceFor, asProblem } from '@satchel/client'

/** What a person can do about a problem, in English; a page in another language has its own sentences for each advice. */
const sentences: Record<Advice, string> = {
  offline: 'Satchel does not answer, or does not answer this website. Nothing is lost; try again in a moment.',
  signIn: 'Your sign-in has ended. Sign in again.',
  wait: 'There were many requests. Try again in a moment.',
  notAllowed: 'You are not allowed to do this. Ask an administrator of your school.',
  gone: 'It is not there any more.',
  nameTaken: 'There is something with this name already. Choose another name.',
  changed: 'It was changed meanwhile. Read it again first.',
  tooLarge: 'The file is too large.',
  full: 'There is no space left. Delete something, or ask an administrator of your school.',
  typeRefused: 'Files of this kind are not taken.',
  consent: 'This is a file of a child, and neither a parent nor the school has agreed to it yet. Ask your school.',
  consentScope: 'This is a file of a child, and what the parents or the school agreed to does not cover this. Ask an administrator of your school.',
  alreadyAsked: 'This parent is asked already. Have the mail sent again, or take the request back first.',
  noNotice: 'No notice to parents is published. Publish one, then ask.',
  noConsentNeeded: 'The student is no child by what the school knows: no consent is needed.',
  addressOfStudent: 'The address is that of a student. Give one that only the parent reads.',
  mailsOfToday: 'This address got as many mails about consent as it gets in a day. Ask again tomorrow.',
  assurance: 'Your school has no written assurances of who gives this service. Record them first.',
  damaged: 'The file arrived damaged. Send it again.',
  dangerous: 'The file is locked away: it is dangerous.',
  notReady: 'The file is not ready yet.',
  closed: 'The school is closed at the moment.',
  busy: 'Something else is being done with it. Try again in a moment.',
  invalid: 'This was not understood.',
  server: 'It did not work. Nothing is lost; try again in a moment.',
}

/** A sentence for anything that was thrown: what the API says of it, or else what can be done. */
export function problemText(thrown: unknown): string {
  const p = asProblem(thrown)
  return p.status > 0 && p.detail ? p.detail : sentences[adviceFor(p)]
}
