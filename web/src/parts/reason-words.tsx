import { useLingui } from '@lingui/react/macro'

/** Codes of what did not work, with what happened and what to do; a code that is not known has the words of its class. */
export function useReasons(): (code: string) => { why: string; what: string } | undefined {
  const { t } = useLingui()
  return code => {
    const later = t`Wait a few minutes, then ask again.`
    const operators = t`Tell the operators of the platform.`
    const other = t`Choose another text, or a part of it.`
    const all: Record<string, { why: string; what: string }> = {
      empty_source: { why: t`There is no text in the file.`, what: other },
      no_text: { why: t`There is no text in the file.`, what: other },
      poor_source: { why: t`The text has too few whole sentences.`, what: other },
      source_too_long: { why: t`The text is too long.`, what: other },
      source_too_long_for_model: { why: t`The text is too long.`, what: other },
      unsupported_language: { why: t`The text is in another language than you chose.`, what: t`Choose the language of the text.` },
      needs_source: { why: t`Without a language model, only the text of a file can be used.`, what: t`Choose a file.` },
      text_not_ready: { why: t`The text of the file is still being read.`, what: t`Try again in a minute.` },
      answer_unusable: { why: t`The language model gave no answer that can be used.`, what: t`Ask again, or for fewer items.` },
      model_unavailable: { why: t`The language model does not answer.`, what: later },
      model_busy: { why: t`The language model has too much to do.`, what: later },
      model_out_of_money: { why: t`The account for the language model has no money left.`, what: operators },
      model_not_configured: { why: t`The language model is not set up rightly.`, what: operators },
      model_refused_request: { why: t`The language model refused the request.`, what: operators },
      generation_job_cap: { why: t`This would cost more than one document may.`, what: t`Ask for fewer items, or take a shorter text.` },
      generation_day_cap: { why: t`Your organization has spent what it may spend today.`, what: t`Try again tomorrow, or make it without a language model.` },
      generation_month_cap: { why: t`Your organization has spent what it may spend this month.`, what: t`An owner can raise the limit. Without a language model it costs nothing.` },
      prompt_changed: { why: t`What would be sent changed after you had looked at it.`, what: t`Look at it once more, then ask again.` },
      generation_off: { why: t`Your organization has this turned off.`, what: t`An owner of your organization can turn it on.` },
      provider_not_allowed: { why: t`Your organization does not use this way of making documents.`, what: t`An owner of your organization can turn it on.` },
      items_failed: { why: t`A part of it did not work.`, what: t`You need not do anything: it is tried again by itself.` },
    }
    return all[code]
  }
}
