import { plural } from '@lingui/core/macro'
import { useLingui } from '@lingui/react/macro'
import { asProblem, bytes } from '@satchel/client'

import { type Listed, useWork } from '../app/context.tsx'
import { useSentence } from './failure.tsx'
import type { Destination } from './dialogs.tsx'
import { copy } from './share-link.tsx'
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
  const bulk = async (action: 'trash' | 'restore' | 'move' | 'tag', ids: string[], to?: Destination, tags: { add_tags?: string[]; remove_tags?: string[] } = {}) => {
    let refused = 0
    let firstRefusal = ''
    for (let n = 0; n < ids.length; n += 1000) {
      const body = { action, ids: ids.slice(n, n + 1000), ...tags, ...(to ? { space_id: to.space, ...(to.folder ? { folder_id: to.folder } : {}) } : {}) }
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
    async trash(files: readonly Pick<Listed, 'id' | 'name'>[]) {
      const ids = files.map(f => f.id)
      try {
        const n = await bulk('trash', ids)
        if (n > 0) toast(n === 1 ? t`${files[0]!.name} is in the bin.` : plural(n, { one: '# file is in the bin.', other: '# files are in the bin.' }), { undo: () => void restore(ids) })
      } catch (e) { failed(e) }
    },
    /** Moves files. With the place where they were, there is a way back. */
    async move(ids: string[], to: Destination, from?: Destination) {
      const n = await bulk('move', ids, to)
      const back = () => void bulk('move', ids, from).then(k => { if (k > 0) toast(plural(k, { one: '# file is back where it was.', other: '# files are back where they were.' })) }, failed)
      if (n > 0) toast(plural(n, { one: `# file was moved to ${to.name}.`, other: `# files were moved to ${to.name}.` }), from ? { undo: back } : {})
    },
    async tag(ids: string[], add: string[], remove: string[]) {
      const n = await bulk('tag', ids, undefined, { ...(add.length > 0 ? { add_tags: add } : {}), ...(remove.length > 0 ? { remove_tags: remove } : {}) })
      if (n > 0) toast(plural(n, { one: 'The tags of # file are changed.', other: 'The tags of # files are changed.' }))
    },
    /** Saves files or a folder as a zip. Its address is on the content host, and lives for a minute. */
    async zip(what: { files: string[] } | { folder_id: string }, name: string) {
      try {
        const zip = (await api.POST('/api/v1/storage/zip', { body: { ...what, name } })).data!
        const link = document.createElement('a')
        link.href = zip.url
        link.download = ''
        link.click()
        const left = zip.refused.length
        if (left > 0) toast(plural(left, { one: '# file is not in the zip: it is not ready, or not yours to read.', other: '# files are not in the zip: they are not ready, or not yours to read.' }), { bad: true })
        else toast(t`${zip.name} is being saved.`)
      } catch (e) { failed(e) }
    },
    /** Copies a link that ends in 15 minutes, for somebody who needs the file right now. `shown` gets it when the browser does not copy. */
    async quickLink(target: { what: 'file' | 'folder'; id: string }, refusal: (e: unknown) => string, shown: (url: string, ends: string) => void) {
      const ends = new Date(Date.now() + 15 * 60_000).toISOString()
      const made = api.POST('/api/v1/storage/share', {
        params: { header: { 'Idempotency-Key': crypto.randomUUID() } },
        body: { kind: 'link', permission: 'download', [`${target.what}_id`]: target.id, expires_at: ends },
      }).then(a => a.data!.url!)
      const copied = copy(made).then(() => true, () => false)
      try {
        const url = await made
        void queries.invalidateQueries({ queryKey: [place.organization_id, 'shares'] })
        if (await copied) toast(t`A link is copied. It works for 15 minutes.`)
        else shown(url, ends)
      } catch (e) { toast(refusal(e), { bad: true }) }
    },
    async rename(id: string, name: string) {
      await api.PATCH('/api/v1/storage/files/{id}', { params: { path: { id } }, body: { name } })
      await again()
    },
    async star(file: Listed, on: boolean) {
      try {
        const params = { params: { path: { id: file.id } } }
        await (on ? api.PUT('/api/v1/storage/files/{id}/star', params) : api.DELETE('/api/v1/storage/files/{id}/star', params))
        await again()
        toast(on ? t`${file.name} is starred.` : t`${file.name} is not starred any more.`)
      } catch (e) { failed(e) }
    },
    /** Saves the bytes: read with the token, and given to the browser as a file. */
    async download(file: Pick<Listed, 'id' | 'name'>, version?: number) {
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
    async restoreVersion(file: Pick<Listed, 'id'>, version: number) {
      try {
        await api.POST('/api/v1/storage/files/{id}/versions/{n}/restore', { params: { path: { id: file.id, n: version }, header: { 'Idempotency-Key': crypto.randomUUID() } } })
        await again()
        toast(t`Version ${version} is checked once more and becomes the newest.`)
      } catch (e) { failed(e) }
    },
  }
}
