import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef, useState } from 'react'

import { type GridBase, useGrid, withCurrent } from './use-grid.ts'

export interface PictureGridProps<T> extends GridBase<T> {
  /** What is seen of a thing: a picture of it, or a sign of its kind. */
  picture: (row: T) => ReactNode
  /** A line below the name. */
  under: (row: T) => ReactNode
  /** The least width of a picture and the height of its card, in pixels. */
  width?: number
  height?: number
}

/** Things of any number as a wall of pictures, an ARIA grid of cells. Its keys are those of useGrid; left and right move too. */
export function PictureGrid<T>(p: PictureGridProps<T>) {
  const width = p.width ?? 168
  const height = p.height ?? 208
  const scroller = useRef<HTMLDivElement>(null)
  const perRow = usePerRow(scroller, width)
  const grid = useGrid(p, perRow, '[role=gridcell]', scroller)
  const lines = Math.ceil(p.rows.length / perRow)
  const currentLine = Math.floor(grid.current / perRow)

  const virtual = useVirtualizer({
    count: lines, getScrollElement: () => scroller.current, estimateSize: () => height, overscan: 2,
    rangeExtractor: withCurrent(currentLine),
  })
  grid.reveal.current = index => virtual.scrollToIndex(Math.floor(index / perRow))
  useEffect(() => { virtual.measure() }, [height]) // eslint-disable-line react-hooks/exhaustive-deps
  const end = virtual.range?.endIndex ?? 0
  const { onMore, hasMore } = p
  useEffect(() => { if (hasMore && end >= lines - 4) onMore?.() }, [end, hasMore, onMore, lines])

  return (
    <div ref={scroller} role="grid" className="sg-pictures" aria-label={p.label} aria-rowcount={p.hasMore ? -1 : lines} aria-colcount={perRow} aria-multiselectable="true" onKeyDown={grid.onKey}>
      <div className="sg-space" role="presentation" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(v => (
          <div key={v.key} role="row" aria-rowindex={v.index + 1} className="sg-line" style={{ height: v.size, transform: `translateY(${v.start}px)`, gridTemplateColumns: `repeat(${perRow}, minmax(0, 1fr))` }}>
            {p.rows.slice(v.index * perRow, (v.index + 1) * perRow).map((row, n) => {
              const index = v.index * perRow + n
              const id = p.rowId(row)
              const name = p.rowName(row)
              return (
                <div key={id} role="gridcell" className="sg-card" aria-colindex={n + 1} aria-selected={p.selected.has(id)} {...grid.thing(index)}>
                  <div className="sg-picture">{p.picture(row)}</div>
                  <div className="sg-caption"><bdi className="sg-card-name">{name}</bdi><span className="sg-under">{p.under(row)}</span></div>
                  <label className="sg-box"><input type="checkbox" tabIndex={-1} aria-label={p.labels.select(name)} checked={p.selected.has(id)} onChange={() => grid.toggle(index)} /></label>
                  {p.onMenu && <button type="button" tabIndex={-1} className="sg-dots" aria-label={p.labels.more(name)} aria-haspopup="menu" onClick={e => p.onMenu!(row, e.currentTarget)}>⋯</button>}
                </div>
              )
            })}
          </div>
        ))}
      </div>
      {p.hasMore && <p className="sg-loading">{p.labels.loading}</p>}
    </div>
  )
}

/** How many pictures fit beside each other. */
function usePerRow(scroller: React.RefObject<HTMLDivElement | null>, width: number): number {
  const [n, setN] = useState(4)
  useEffect(() => {
    const el = scroller.current
    if (!el) return undefined
    const seen = new ResizeObserver(() => setN(Math.max(1, Math.floor(el.clientWidth / width))))
    seen.observe(el)
    return () => seen.disconnect()
  }, [scroller, width])
  return n
}
