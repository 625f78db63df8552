import { plural } from '@lingui/core/macro'
import { useLingui } from '@lingui/react/macro'
import { asProblem, bytes } from '@satchel/client'

import { type File, useWork } from '../app/context.tsx'
import { useSentence } from './failure.tsx'
import type { Destination } from './dialogs.tsx'
import { toast } from './toasts.tsx'

/** What people do with files. Each says what became of it, and offers to undo what can be undone. */
export function useActions() {
  const { t } = useLingui()
  const work = useWork()
  const sentence = useSentence()
  const { api, place, queries } = work
  const again = () => Promise.all([
    queries.invalidateQueries({ queryKey: [place.organization_id, 'files'] }), queries.invalidateQueries({ queryKey: [place.organization_id, 'search'] }),
  ])
  const failed = (e: unknown) => toast(sentence(e), { bad: true })

  /** Changes many files, and waits for the end of the change. */
  const bulk = async (action: 'trash' | 'restore' | 'move', ids: string[], to?: Destination) => {
    let refused = 0
    let firstRefusal = ''
    for (let n = 0; n < ids.length; n += 1000) {
      const body = { action, ids: ids.slice(n, n + 1000), ...(to ? { space_id: to.space, ...(to.folder ? { folder_id: to.folder } : {}) } : {}) }
      let change = (await api.POST('/api/v1/storage/files/bulk', { body, params: { header: { 'Idempotency-Key': crypto.randomUUID() } } })).data!
      while (change.state === 'running') {
        await new Promise(done => setTimeout(done, 700))
        change = (await api.GET('/api/v1/storage/bulk/{id}', { params: { path: { id: change.id } } })).data!
      }
      refused += change.refused
      firstRefusal ||= change.items.find(i => i.result === 'refused')?.code ?? ''
    }
    await again()
    if (refused > 0) {
      const why = sentence({ ...asProblem({}), status: 403, code: firstRefusal })
      toast(`${plural(refused, { one: '# file was not changed.', other: '# files were not changed.' })} ${why}`, { bad: true })
    }
    return ids.length - refused
  }

  const restore = async (ids: string[]) => {
    try {
      const n = await bulk('restore', ids)
      if (n > 0) toast(plural(n, { one: '# file is back.', other: '# files are back.' }))
    } catch (e) { failed(e) }
  }

  return {
    again, failed, restore,
    async trash(files: readonly Pick<File, 'id' | 'name'>[]) {
      const ids = files.map(f => f.id)
      try {
        const n = await bulk('trash', ids)
        if (n > 0) toast(n === 1 ? t`${files[0]!.name} is in the bin.` : plural(n, { one: '# file is in the bin.', other: '# files are in the bin.' }), { undo: () => void restore(ids) })
      } catch (e) { failed(e) }
    },
    async move(ids: string[], to: Destination) {
      const n = await bulk('move', ids, to)
      if (n > 0) toast(plural(n, { one: `# file was moved to ${to.name}.`, other: `# files were moved to ${to.name}.` }))
    },
    async rename(id: string, name: string) {
      await api.PATCH('/api/v1/storage/files/{id}', { params: { path: { id } }, body: { name } })
      await again()
    },
    async star(file: File, on: boolean) {
      try {
        const params = { params: { path: { id: file.id } } }
        await (on ? api.PUT('/api/v1/storage/files/{id}/star', params) : api.DELETE('/api/v1/storage/files/{id}/star', params))
        await again()
        toast(on ? t`${file.name} is starred.` : t`${file.name} is not starred any more.`)
      } catch (e) { failed(e) }
    },
    /** Saves the bytes: read with the token, and given to the browser as a file. */
    async download(file: Pick<File, 'id' | 'name'>, version?: number) {
      try {
        const path = version ? `/api/v1/storage/files/${file.id}/versions/${version}/content` : `/api/v1/storage/files/${file.id}/content`
        const url = URL.createObjectURL(await bytes(work.connection, path))
        const link = document.createElement('a')
        link.href = url
        link.download = file.name
        link.click()
        setTimeout(() => URL.revokeObjectURL(url), 60_000)
      } catch (e) { failed(e) }
    },
    async restoreVersion(file: Pick<File, 'id'>, version: number) {
      try {
        await api.POST('/api/v1/storage/files/{id}/versions/{n}/restore', { params: { path: { id: file.id, n: version }, header: { 'Idempotency-Key': crypto.randomUUID() } } })
        await again()
        toast(t`Version ${version} is checked once more and becomes the newest.`)
      } catch (e) { failed(e) }
    },
  }
}
