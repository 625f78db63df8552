import { type RefObject, useEffect, useRef } from 'react'

/**
 * The button from which two dialogs follow each other. The second one has nothing to give the focus back to: what had it
 * is gone with the first. So the button gets it when both are over.
 */
export function useOpener(open: boolean): RefObject<HTMLButtonElement | null> {
  const button = useRef<HTMLButtonElement>(null)
  const was = useRef(false)
  useEffect(() => {
    if (was.current && !open) button.current?.focus()
    was.current = open
  }, [open])
  return button
}
