/** A name in the one form of Unicode that the API compares: browsers on some systems give letters and accents apart. */
export const normalName = (name: string) => name.normalize('NFC')

/** Folders of a relative path, without the file's name; what is empty, `.` or `..` leads nowhere and is left out. */
export function foldersOf(path: string): string[] {
  return path.split('/').slice(0, -1).map(normalName).filter(part => part !== '' && part !== '.' && part !== '..')
}

const systemFiles = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.localized'])
/** Files that a system keeps in folders for itself and that no person means to send. */
export const isSystemFile = (name: string) => systemFiles.has(name) || name.startsWith('._')
