import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** A column. `sort` names the order that its heading asks for; without it the heading is a text. */
export interface Column<T> { id: string; heading: string; cell: (row: T) => ReactNode; sort?: string; className?: string }

export interface GridLabels { select: (name: string) => string; selectAll: string; more: (name: string) => string; loading: string }

export interface GridProps<T> {
  label: string
  rows: readonly T[]
  columns: readonly Column<T>[]
  rowId: (row: T) => string
  rowName: (row: T) => string
  rowHeight: number
  /** The order of the list; a minus sign before it turns it round. */
  sort?: string
  onSort?: (sort: string) => void
  selected: ReadonlySet<string>
  onSelect: (ids: ReadonlySet<string>) => void
  onOpen: (row: T) => void
  onRename?: (row: T) => void
  onDelete?: (rows: readonly T[]) => void
  /** Opens the menu of a row beside an element. */
  onMenu?: (row: T, beside: HTMLElement) => void
  /** Called when the end of what is loaded comes near. */
  onMore?: () => void
  hasMore?: boolean
  labels: GridLabels
}

const pageRows = 10

/**
 * A list of any length as an ARIA grid with one tab stop: arrows, Page Up and Down, Home and End move; Space, Shift and
 * Ctrl+A select; Enter opens, F2 renames, Delete deletes, Shift+F10 opens the menu, Escape ends the selection, and
 * letters go to the next name that begins with them. Only the rows that are seen are in the document, and the row
 * that has the focus.
 */
export function FileGrid<T>(p: GridProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const anchor = useRef(0)
  const wanted = useRef<number | null>(null) // the row that gets the focus once it is in the document
  const typed = useRef({ text: '', at: 0 })
  const last = Math.max(0, p.rows.length - 1)
  const current = Math.min(active, last)

  const virtual = useVirtualizer({
    count: p.rows.length, getScrollElement: () => scroller.current, estimateSize: () => p.rowHeight, overscan: 6,
    rangeExtractor: r => {
      const all = []
      for (let i = Math.max(0, r.startIndex - r.overscan); i <= Math.min(r.count - 1, r.endIndex + r.overscan); i++) all.push(i)
      if (r.count > 0 && !all.includes(current)) all.push(current)
      return all
    },
  })
  const items = virtual.getVirtualItems()

  useEffect(() => { virtual.measure() }, [p.rowHeight]) // eslint-disable-line react-hooks/exhaustive-deps
  const end = virtual.range?.endIndex ?? 0
  const { onMore, hasMore } = p
  useEffect(() => { if (hasMore && end >= p.rows.length - 20) onMore?.() }, [end, hasMore, onMore, p.rows.length])

  useLayoutEffect(() => {
    if (wanted.current === null) return
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`)
    if (row) { row.focus({ preventScroll: true }); wanted.current = null }
  })

  const go = (to: number, extend: boolean) => {
    const index = Math.max(0, Math.min(last, to))
    wanted.current = index
    setActive(index)
    virtual.scrollToIndex(index)
    if (extend) p.onSelect(range(anchor.current, index))
    else anchor.current = index
  }
  const range = (a: number, b: number) => new Set(p.rows.slice(Math.min(a, b), Math.max(a, b) + 1).map(p.rowId))
  const toggle = (index: number) => {
    const row = p.rows[index]
    if (!row) return
    const ids = new Set(p.selected)
    if (!ids.delete(p.rowId(row))) ids.add(p.rowId(row))
    anchor.current = index
    p.onSelect(ids)
  }
  const typeAhead = (letter: string) => {
    const now = performance.now()
    typed.current = { text: (now - typed.current.at < 800 ? typed.current.text : '') + letter.toLocaleLowerCase(), at: now }
    const { text } = typed.current
    const from = text.length === 1 ? current + 1 : current
    for (let n = 0; n < p.rows.length; n++) {
      const i = (from + n) % p.rows.length
      if (p.rowName(p.rows[i]!).toLocaleLowerCase().startsWith(text)) { go(i, false); return }
    }
  }

  const onKey = (e: KeyboardEvent) => {
    if (!(e.target as HTMLElement).matches('[role=row]')) return
    const row = p.rows[current]
    const moves: Record<string, number> = {
      ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + pageRows, PageUp: current - pageRows, Home: 0, End: last,
    }
    if (e.key in moves || e.key === 'Escape') typed.current.text = '' // a Space that follows selects, and is no part of a name
    if (e.key in moves) go(moves[e.key]!, e.shiftKey)
    else if (e.key === ' ' && typed.current.text && performance.now() - typed.current.at < 800) typeAhead(' ')
    else if (e.key === ' ') toggle(current)
    else if (e.key === 'a' && (e.ctrlKey || e.metaKey)) p.onSelect(new Set(p.rows.map(p.rowId)))
    else if (e.key === 'Escape' && p.selected.size > 0) p.onSelect(new Set())
    else if (e.key === 'Enter' && row) p.onOpen(row)
    else if (e.key === 'F2' && row && p.onRename) p.onRename(row)
    else if (e.key === 'Delete' && row && p.onDelete) p.onDelete(p.selected.size > 0 ? p.rows.filter(r => p.selected.has(p.rowId(r))) : [row])
    else if ((e.key === 'ContextMenu' || (e.key === 'F10' && e.shiftKey)) && row && p.onMenu) p.onMenu(row, e.target as HTMLElement)
    else if (e.key.length === 1 && !e.ctrlKey && !e.metaKey && !e.altKey) typeAhead(e.key)
    else return
    e.preventDefault()
    e.stopPropagation()
  }

  const onClick = (e: MouseEvent, index: number) => {
    if ((e.target as HTMLElement).closest('button, a, label, input')) return
    setActive(index)
    if (e.shiftKey) p.onSelect(range(anchor.current, index))
    else if (e.ctrlKey || e.metaKey) toggle(index)
    else { anchor.current = index; p.onOpen(p.rows[index]!) }
  }

  const allSelected = p.rows.length > 0 && p.rows.every(r => p.selected.has(p.rowId(r)))
  return (
    <div role="grid" className="sg-grid" aria-label={p.label} aria-rowcount={p.hasMore ? -1 : p.rows.length + 1} aria-colcount={p.columns.length + 2}
      aria-multiselectable="true" onKeyDown={onKey}>
      <div role="rowgroup" className="sg-head">
        <div role="row" className="sg-row" aria-rowindex={1}>
          <div role="columnheader" className="sg-check">
            <label className="sg-box">
              <input type="checkbox" aria-label={p.labels.selectAll} checked={allSelected} onChange={() => p.onSelect(allSelected ? new Set() : new Set(p.rows.map(p.rowId)))} />
            </label>
          </div>
          {p.columns.map(c => <Heading key={c.id} column={c} sort={p.sort} onSort={p.onSort} />)}
          <div role="columnheader" className="sg-more"><span className="sg-hidden">{p.labels.more('')}</span></div>
        </div>
      </div>
      <div ref={scroller} className="sg-body" role="rowgroup">
        <div className="sg-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map(v => {
            const row = p.rows[v.index]!
            const id = p.rowId(row)
            const chosen = p.selected.has(id)
            return (
              <div key={id} role="row" className="sg-row" data-index={v.index} data-id={id} aria-rowindex={v.index + 2} aria-selected={chosen}
                tabIndex={v.index === current ? 0 : -1} style={{ height: v.size, transform: `translateY(${v.start}px)` }}
                onFocus={e => { if (e.target === e.currentTarget && v.index !== current) setActive(v.index) }}
                onClick={e => onClick(e, v.index)}
                onContextMenu={e => { if (p.onMenu) { e.preventDefault(); setActive(v.index); p.onMenu(row, e.currentTarget) } }}>
                <div role="gridcell" className="sg-check">
                  <label className="sg-box">
                    <input type="checkbox" tabIndex={-1} aria-label={p.labels.select(p.rowName(row))} checked={chosen} onChange={() => toggle(v.index)} />
                  </label>
                </div>
                {p.columns.map(c => <div key={c.id} role="gridcell" className={'sg-cell sg-' + c.id}>{c.cell(row)}</div>)}
                <div role="gridcell" className="sg-more">
                  {p.onMenu && <button type="button" tabIndex={-1} className="sg-dots" aria-label={p.labels.more(p.rowName(row))} aria-haspopup="menu"
                    onClick={e => p.onMenu!(row, e.currentTarget)}>⋯</button>}
                </div>
              </div>
            )
          })}
        </div>
        {p.hasMore && <p className="sg-loading">{p.labels.loading}</p>}
      </div>
    </div>
  )
}

function Heading<T>({ column: c, sort, onSort }: { column: Column<T>; sort?: string | undefined; onSort?: ((s: string) => void) | undefined }) {
  const up = sort !== undefined && sort === c.sort
  const down = sort !== undefined && sort === '-' + c.sort
  return (
    <div role="columnheader" className={'sg-cell sg-' + c.id} aria-sort={up ? 'ascending' : down ? 'descending' : c.sort && onSort ? 'none' : undefined}>
      {c.sort && onSort
        ? <button type="button" className="sg-sort" onClick={() => onSort(up ? '-' + c.sort : c.sort!)}>{c.heading}<span aria-hidden="true">{up ? ' ↑' : down ? ' ↓' : ''}</span></button>
        : c.heading}
    </div>
  )
}
