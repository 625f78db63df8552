import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'

import { type GridBase, useGrid, withCurrent } from './use-grid.ts'

/** A column. `sort` names the order that its heading asks for; without it the heading is a text. */
export interface Column<T> { id: string; heading: string; cell: (row: T) => ReactNode; sort?: string; className?: string }

export interface GridProps<T> extends GridBase<T> {
  columns: readonly Column<T>[]
  rowHeight: number
  /** The order of the list; a minus sign before it turns it round. */
  sort?: string
  onSort?: (sort: string) => void
}

/**
 * A list of any length as an ARIA grid. Only the rows that are seen are in the document, and the row that has the focus.
 * Its keys are those of useGrid.
 */
export function FileGrid<T>(p: GridProps<T>) {
  const scroller = useRef<HTMLDivElement>(null)
  const grid = useGrid(p, 1, '[role=row]', scroller)
  const { current, toggle } = grid

  const virtual = useVirtualizer({
    count: p.rows.length, getScrollElement: () => scroller.current, estimateSize: () => p.rowHeight, overscan: 6,
    rangeExtractor: withCurrent(current),
  })
  grid.reveal.current = index => virtual.scrollToIndex(index)
  const items = virtual.getVirtualItems()

  useEffect(() => { virtual.measure() }, [p.rowHeight]) // eslint-disable-line react-hooks/exhaustive-deps
  const end = virtual.range?.endIndex ?? 0
  const { onMore, hasMore } = p
  useEffect(() => { if (hasMore && end >= p.rows.length - 20) onMore?.() }, [end, hasMore, onMore, p.rows.length])

  const allSelected = p.rows.length > 0 && p.rows.every(r => p.selected.has(p.rowId(r)))
  return (
    <div role="grid" className="sg-grid" aria-label={p.label} aria-rowcount={p.hasMore ? -1 : p.rows.length + 1} aria-colcount={p.columns.length + 2}
      aria-multiselectable="true" onKeyDown={grid.onKey}>
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
              <div key={id} role="row" className="sg-row" aria-rowindex={v.index + 2} aria-selected={chosen}
                style={{ height: v.size, transform: `translateY(${v.start}px)` }} {...grid.thing(v.index)}>
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
