import type { DataInventory } from '../app/queries-compliance.ts'

export type Holding = DataInventory['tables'][number]

/** The tables of a category that have a word in their name, their purpose, their time, or the name of a column. */
export function matching(tables: readonly Holding[], category: string | undefined, q: string | undefined): Holding[] {
  const word = q?.trim().toLowerCase() ?? ''
  const has = (t: Holding) => [t.table, t.purpose, t.kept, ...t.columns.map(c => c.name)].some(s => s.toLowerCase().includes(word))
  return tables.filter(t => (!category || t.category === category) && (word === '' || has(t)))
}
