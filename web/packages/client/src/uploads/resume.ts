/**
 * Where an upload that was cut by a crash goes on. The store holds no name: its key is an HMAC of name, size, time and
 * path with a key that no script can read, made at sign-in and removed at sign-out. A browser without IndexedDB
 * (private windows of some) keeps nothing, and the upload begins from its first byte.
 */
export class ResumeStore {
  private db: Promise<IDBDatabase | null>

  constructor(private readonly name = 'satchel') {
    this.db = open(name)
  }

  async find(file: File, path: string, owner: string): Promise<string | undefined> {
    const key = await this.hash(file, path)
    const kept = await this.run<{ url: string; owner: string; at: number } | undefined>('uploads', 'readonly', s => s.get(key))
    return kept && kept.owner === owner && Date.now() - kept.at < day ? kept.url : undefined
  }

  async keep(file: File, path: string, owner: string, url: string): Promise<void> {
    const key = await this.hash(file, path)
    await this.run('uploads', 'readwrite', s => s.put({ url, owner, at: Date.now() }, key))
  }

  async forget(file: File, path: string): Promise<void> {
    const key = await this.hash(file, path)
    await this.run('uploads', 'readwrite', s => s.delete(key))
  }

  /** How many uploads of this person wait to be continued. Older ones than a day are removed. */
  async waiting(owner: string): Promise<number> {
    const all = await this.run<{ owner: string; at: number }[]>('uploads', 'readonly', s => s.getAll()) ?? []
    return all.filter(x => x.owner === owner && Date.now() - x.at < day).length
  }

  /** Removes all of it, as at sign-out. */
  async clear(): Promise<void> {
    (await this.db)?.close()
    this.db = Promise.resolve(null)
    await new Promise<void>(done => {
      try {
        const asked = indexedDB.deleteDatabase(this.name)
        asked.onsuccess = asked.onerror = asked.onblocked = () => done()
      } catch { done() }
    })
  }

  private async hash(file: File, path: string): Promise<string> {
    const key = await this.key()
    const text = JSON.stringify([file.name, file.size, file.lastModified, path])
    if (!key) return ''
    const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))
    return Array.from(new Uint8Array(mac), b => b.toString(16).padStart(2, '0')).join('')
  }

  private async key(): Promise<CryptoKey | null> {
    const kept = await this.run<CryptoKey | undefined>('keys', 'readonly', s => s.get('hmac'))
    if (kept) return kept
    if (!(await this.db) || !globalThis.crypto?.subtle) return null
    const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    await this.run('keys', 'readwrite', s => s.put(made, 'hmac'))
    return made
  }

  /** One request of one transaction; undefined when the browser keeps nothing. */
  private async run<T>(store: string, mode: IDBTransactionMode, ask: (s: IDBObjectStore) => IDBRequest): Promise<T | undefined> {
    const db = await this.db
    if (!db) return undefined
    return new Promise(done => {
      try {
        const asked = ask(db.transaction(store, mode).objectStore(store))
        asked.onsuccess = () => done(asked.result as T)
        asked.onerror = () => done(undefined)
      } catch { done(undefined) }
    })
  }
}

const day = 24 * 60 * 60 * 1000

function open(name: string): Promise<IDBDatabase | null> {
  return new Promise(done => {
    try {
      const asked = indexedDB.open(name, 1)
      asked.onupgradeneeded = () => { asked.result.createObjectStore('keys'); asked.result.createObjectStore('uploads') }
      asked.onsuccess = () => done(asked.result)
      asked.onerror = asked.onblocked = () => done(null)
    } catch { done(null) }
  })
}
