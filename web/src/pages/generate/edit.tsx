import { Trans, useLingui } from '@lingui/react/macro'
import type { ReactNode } from 'react'

interface Question { id: string; type: 'choice' | 'cloze' | 'open'; stem: string; options?: string[]; key: number; accepted?: string[]; rationale?: string; points: number; anchor?: unknown }
interface Level { label: string; points: number; text: string }
/** A document as docs/generation.md describes it. What is not edited here stays as it is. */
export interface Document {
  schema: string; title: string; language: string
  passage?: { text: string; anchor?: unknown }[]
  questions?: Question[]
  sections?: { heading: string; minutes: number; lines: string[] }[]
  criteria?: { name: string; levels: Level[]; anchor?: unknown }[]
  terms?: { term: string; definition?: string; example?: string; anchor?: unknown }[]
}

/** The document as the API takes it: every text is one line without space around it, and an empty one is left out. */
export function tidy<T>(value: T): T {
  if (typeof value === 'string') return value.replace(/\s+/g, ' ').trim() as T
  if (Array.isArray(value)) return value.map(tidy).filter(v => v !== '') as T
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tidy(v)]).filter(([k, v]) => v !== '' || k === 'level')) as T
  return value
}

const withAt = <T,>(all: readonly T[], n: number, next: T) => all.map((v, i) => (i === n ? next : v))
const without = <T,>(all: readonly T[], n: number) => all.filter((_, i) => i !== n)

function Text({ label, value, set, rows }: { label: string; value: string; set: (v: string) => void; rows?: number }) {
  return <label className="field">{label}{rows ? <textarea rows={rows} dir="auto" value={value} onChange={e => set(e.target.value)} /> : <input dir="auto" value={value} onChange={e => set(e.target.value)} />}</label>
}
function Figure({ label, value, set, max }: { label: string; value: number; set: (v: number) => void; max: number }) {
  return <label className="field short">{label}<input type="number" min={0} max={max} value={value} onChange={e => set(Number(e.target.value))} /></label>
}

/** An item with its number and a way to leave it out. The last one of a part stays. */
function Item({ name, remove, children }: { name: string; remove: (() => void) | undefined; children: ReactNode }) {
  const { t } = useLingui()
  return (
    <fieldset className="item"><legend>{name}</legend>{children}
      {remove && <div className="actions"><button type="button" className="button" aria-label={`${t`Leave it out`}: ${name}`} onClick={remove}><Trans>Leave it out</Trans></button></div>}
    </fieldset>
  )
}

/** The items of a document as fields. */
export function Editor({ of: d, change }: { of: Document; change: (d: Document) => void }) {
  const { t } = useLingui()
  const part = <K extends 'passage' | 'questions' | 'sections' | 'criteria' | 'terms'>(key: K, name: (n: number) => string, show: (v: NonNullable<Document[K]>[number], set: (v: NonNullable<Document[K]>[number]) => void) => ReactNode) => {
    const all = d[key] as NonNullable<Document[K]>[number][] | undefined
    const set = (next: unknown[]) => change({ ...d, [key]: next })
    return all?.map((v, n) => <Item key={`${key} ${n}`} name={name(n + 1)} remove={all.length > 1 ? () => set(without(all, n)) : undefined}>{show(v, next => set(withAt(all, n, next)))}</Item>)
  }
  return (
    <>
      <Text label={t`Title`} value={d.title} set={title => change({ ...d, title })} />
      {part('passage', n => t`Paragraph ${n}`, (p, set) => <Text label={t`Text`} rows={5} value={p.text} set={text => set({ ...p, text })} />)}
      {part('sections', n => t`Section ${n}`, (s, set) => <>
        <Text label={t`Heading`} value={s.heading} set={heading => set({ ...s, heading })} />
        <Figure label={t`Minutes`} max={600} value={s.minutes} set={minutes => set({ ...s, minutes })} />
        <label className="field">{t`Lines, one below the other`}<textarea rows={Math.max(3, s.lines.length + 1)} dir="auto" value={s.lines.join('\n')} onChange={e => set({ ...s, lines: e.target.value.split('\n') })} /></label></>)}
      {part('questions', n => t`Question ${n}`, (q, set) => <QuestionFields of={q} set={set} />)}
      {part('criteria', n => t`Criterion ${n}`, (c, set) => <>
        <Text label={t`Name`} value={c.name} set={name => set({ ...c, name })} />
        {c.levels.map((l, n) => <div key={n} className="level">
          <Text label={t`Level ${n + 1}`} value={l.label} set={label => set({ ...c, levels: withAt(c.levels, n, { ...l, label }) })} />
          <Figure label={t`Points`} max={100} value={l.points} set={points => set({ ...c, levels: withAt(c.levels, n, { ...l, points }) })} />
          <Text label={t`What it takes`} rows={2} value={l.text} set={text => set({ ...c, levels: withAt(c.levels, n, { ...l, text }) })} /></div>)}</>)}
      {part('terms', n => t`Word ${n}`, (w, set) => <>
        <Text label={t`Word`} value={w.term} set={term => set({ ...w, term })} />
        <Text label={t`What it means`} rows={2} value={w.definition ?? ''} set={definition => set({ ...w, definition })} />
        <Text label={t`Example`} rows={2} value={w.example ?? ''} set={example => set({ ...w, example })} /></>)}
    </>
  )
}

function QuestionFields({ of: q, set }: { of: Question; set: (q: Question) => void }) {
  const { t } = useLingui()
  const accepted = q.accepted ?? []
  return (
    <>
      <Text label={q.type === 'cloze' ? t`Sentence with the gap ____` : t`Question`} rows={2} value={q.stem} set={stem => set({ ...q, stem })} />
      {q.type === 'choice' && <div role="group" aria-label={t`Answers; the right one is marked`} className="answers">{q.options?.map((o, n) => (
        <div key={n} className="answer">
          <input type="radio" name={'key ' + q.id} aria-label={t`Answer ${n + 1} is right`} checked={q.key === n} onChange={() => set({ ...q, key: n })} />
          <input type="text" dir="auto" aria-label={t`Answer ${n + 1}`} value={o} onChange={e => set({ ...q, options: withAt(q.options!, n, e.target.value) })} />
        </div>))}</div>}
      {q.type === 'cloze' && <label className="field">{t`Words that are right, one below the other`}<textarea rows={Math.max(2, accepted.length)} dir="auto" value={accepted.join('\n')} onChange={e => set({ ...q, accepted: e.target.value.split('\n') })} /></label>}
      {q.type === 'open' && <Text label={t`Sample answer (optional)`} rows={2} value={accepted[0] ?? ''} set={v => set({ ...q, accepted: v ? [v] : [] })} />}
      <Figure label={t`Points`} max={100} value={q.points} set={points => set({ ...q, points })} />
    </>
  )
}
