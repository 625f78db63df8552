import { expect, test } from 'vitest'

import { foldersOf } from '../names.ts'
import { fromInput, fromTransfer } from './gather.ts'

const file = (name: string) => new File(['x'], name)
const fileEntry = (name: string, broken = false) => ({ isFile: true, isDirectory: false, name, file: (ok: (f: File) => void, no: (e: Error) => void) => (broken ? no(new Error('gone')) : ok(file(name))) })
function folderEntry(name: string, children: unknown[]) {
  return {
    isFile: false, isDirectory: true, name,
    createReader() {
      let rest = [...children]
      return { readEntries(ok: (e: unknown[]) => void) { const some = rest.slice(0, 100); rest = rest.slice(100); ok(some) } }
    },
  }
}
const transfer = (entries: unknown[]) => ({ items: entries.map(e => ({ kind: 'file', webkitGetAsEntry: () => e, getAsFile: () => null })) }) as unknown as DataTransfer

test('a folder is read until it is empty: a browser gives a hundred entries at a time', async () => {
  const many = Array.from({ length: 250 }, (_, n) => fileEntry(`page-${n}.txt`))
  const all = await fromTransfer(transfer([folderEntry('book', [...many, folderEntry('part', [fileEntry('last.txt')])])]))
  expect(all.files).toHaveLength(251)
  expect(all.files.at(-1)!.path).toBe('book/part/last.txt')
})

test('all of many dropped files are taken, though the browser empties the transfer at once', async () => {
  const items = [fileEntry('a.txt'), fileEntry('b.txt'), fileEntry('c.txt')].map(e => ({ kind: 'file', webkitGetAsEntry: () => e, getAsFile: () => null }))
  const t = { items } as unknown as DataTransfer
  const reading = fromTransfer(t)
  items.length = 0
  expect((await reading).files.map(f => f.file.name)).toEqual(['a.txt', 'b.txt', 'c.txt'])
})

test('files of the system are counted and left out, and what cannot be read is named', async () => {
  const all = await fromTransfer(transfer([folderEntry('f', [fileEntry('.DS_Store'), fileEntry('essay.txt'), fileEntry('broken.txt', true)])]))
  expect([all.files.length, all.skipped, all.failed]).toEqual([1, 1, ['f/broken.txt']])
  expect(fromInput([file('Thumbs.db'), file('é.txt')]).files[0]!.path).toBe('é.txt')
})

test.each([
  ['essay.txt', []], ['a/b/essay.txt', ['a', 'b']], ['../../etc/passwd', ['etc']], ['a//./b.txt', ['a']], ['e\u0301cole/x.txt', ['école']],
])('the folders of %s', (path, folders) => { expect(foldersOf(path)).toEqual(folders) })
