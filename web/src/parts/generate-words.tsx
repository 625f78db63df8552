import { useLingui } from '@lingui/react/macro'

import type { Generation, GenerationFormat, GenerationKind, GenerationLevel, GenerationState } from '../app/queries-generate.ts'
import { useReasons } from './reason-words.tsx'

/** What is made from texts, in words. */
export function useGenerateWords() {
  const { t } = useLingui()
  const reasons = useReasons()
  const kinds: Record<GenerationKind, string> = {
    quiz: t`Quiz`, worksheet: t`Worksheet`, lesson_plan: t`Lesson plan`, reading_passage: t`Reading passage with questions`, rubric: t`Rubric`, vocabulary: t`Vocabulary list`,
  }
  const levels: Record<GenerationLevel, string> = { '': t`not said`, primary: t`Primary school`, lower_secondary: t`Lower secondary school`, upper_secondary: t`Upper secondary school`, adult: t`Adults` }
  const states: Record<GenerationState, string> = {
    waiting: t`is being made`, draft: t`waits for your decision`, approved: t`is becoming a file`, published: t`is a file`, rejected: t`not wanted`, expired: t`Expired`, failed: t`failed`, cancelled: t`Cancelled`,
  }
  const formats: Record<GenerationFormat, string> = {
    'docx': t`Word (.docx)`, 'pdf': t`PDF`, 'html': t`Web page (.html)`, 'markdown': t`Markdown (.md)`, 'csv': t`Table (.csv)`,
    'qti_3.0': t`QTI 3.0, for learning platforms`, 'qti_2.1': t`QTI 2.1, for learning platforms`, 'gift': t`GIFT, for Moodle`,
  }
  /** Why it failed and what to do. */
  const reason = (g: Pick<Generation, 'state' | 'code'>) => (g.state !== 'failed' ? undefined : reasons(g.code) ?? { why: t`It could not be made.`, what: t`Ask again. If that fails too, tell the operators the id.` })
  return {
    kinds, levels, states, formats, reason, kind: (k: string) => kinds[k as GenerationKind] ?? k,
    provider: (name: string) => (name === 'extractive' ? t`without a language model: by rules, from the text alone` : name),
    // The mark of a state is that of the states of jobs.
    mark: (s: GenerationState) => ({ waiting: 'running', draft: 'waiting', approved: 'running', published: 'succeeded', rejected: 'cancelled', expired: 'expired', failed: 'failed', cancelled: 'cancelled' })[s],
  }
}
