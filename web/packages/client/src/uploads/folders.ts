import type { Api } from '../client.ts'
import { foldersOf } from '../names.ts'
import { asProblem } from '../problem.ts'
import type { Target } from './uploader.ts'

/** Makes the folders of what was dropped, each once, and uses those that are there. */
export class FolderMaker {
  private readonly known = new Map<string, Promise<string>>()
  private ownSpace: Promise<string> | undefined

  constructor(private readonly api: Api) {}

  async folderFor(target: Target, path: string): Promise<string | undefined> {
    const parts = foldersOf(path)
    if (parts.length === 0 || target.fileId) return target.folderId
    const space = target.spaceId ?? await (this.ownSpace ??= this.personal().catch(e => {
      this.ownSpace = undefined // the next file asks again
      throw e
    }))
    let parent = target.folderId
    for (const name of parts) {
      const at = `${space}/${parent ?? ''}/${name}`
      let made = this.known.get(at)
      if (!made) {
        made = this.make(space, parent, name)
        this.known.set(at, made)
        made.catch(() => this.known.delete(at)) // the next file tries again
      }
      parent = await made
    }
    return parent
  }

  /** Looks for each folder at the API again: one that was sent before may have been deleted or renamed since. */
  forget() { this.known.clear() }

  private async personal(): Promise<string> {
    const all = await this.api.GET('/api/v1/spaces', { params: { query: { kind: 'personal' } } })
    return all.data!.items[0]!.id
  }

  private async make(space: string, parent: string | undefined, name: string): Promise<string> {
    const body = parent ? { name, parent_id: parent } : { name }
    try {
      return (await this.api.POST('/api/v1/spaces/{id}/folders', { params: { path: { id: space } }, body: body as never })).data!.id
    } catch (e) {
      if (asProblem(e).status !== 409) throw e
      const found = await this.find(space, parent, name)
      if (!found) throw e
      return found
    }
  }

  private async find(space: string, parent: string | undefined, name: string): Promise<string | undefined> {
    for (let cursor: string | undefined; ;) {
      const query = { limit: 200, ...(parent ? { parent_id: parent } : {}), ...(cursor ? { cursor } : {}) }
      const page = (await this.api.GET('/api/v1/spaces/{id}/folders', { params: { path: { id: space }, query } })).data!
      const found = page.items.find(f => f.name.localeCompare(name, undefined, { sensitivity: 'accent' }) === 0)
      if (found) return found.id
      cursor = page.next_cursor
      if (!cursor) return undefined
    }
  }
}
