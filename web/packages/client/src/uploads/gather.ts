import { isSystemFile, normalName } from '../names.ts'

/** A file with its place in what was dropped: `path` is `folder/name`, or the name alone. */
export interface Chosen { file: File; path: string }

/** What was dropped, chosen or pasted. `skipped` counts files of the system, `failed` names what could not be read. */
export interface Gathered { files: Chosen[]; skipped: number; failed: string[] }

const nothing = (): Gathered => ({ files: [], skipped: 0, failed: [] })

function keep(into: Gathered, file: File, path: string) {
  if (isSystemFile(file.name)) into.skipped++
  else into.files.push({ file, path: normalName(path) })
}

/** Files of an input; those of a chosen folder have their paths. */
export function fromInput(list: Iterable<File>): Gathered {
  const all = nothing()
  for (const file of list) keep(all, file, file.webkitRelativePath || file.name)
  return all
}

/**
 * Files of a drop or a paste, those in folders included. The entries are read before the first await: a browser
 * empties a DataTransfer as soon as its event has been handled, and all but the first file would be lost.
 */
export function fromTransfer(transfer: DataTransfer): Promise<Gathered> {
  const entries: (FileSystemEntry | File)[] = []
  for (const item of transfer.items) {
    if (item.kind !== 'file') continue
    const found = item.webkitGetAsEntry?.() ?? item.getAsFile()
    if (found) entries.push(found)
  }
  return walk(entries)
}

async function walk(entries: (FileSystemEntry | File)[]): Promise<Gathered> {
  const all = nothing()
  const visit = async (entry: FileSystemEntry | File, at: string): Promise<void> => {
    if (entry instanceof File) { keep(all, entry, entry.name); return }
    try {
      if (entry.isFile) {
        const file = await new Promise<File>((done, fail) => { (entry as FileSystemFileEntry).file(done, fail) })
        keep(all, file, at + entry.name)
      } else {
        for (const child of await children(entry as FileSystemDirectoryEntry)) await visit(child, `${at}${entry.name}/`)
      }
    } catch { all.failed.push(at + entry.name) }
  }
  for (const entry of entries) await visit(entry, '')
  return all
}

/** All entries of a folder: a browser gives a hundred at a time. */
async function children(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, fail) => { reader.readEntries(done, fail) })
    if (some.length === 0) return all
    all.push(...some)
  }
}
