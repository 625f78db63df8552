const paths = {
  folder: 'M3 6.5A1.5 1.5 0 0 1 4.5 5h4l2 2.5h9A1.5 1.5 0 0 1 21 9v8.5a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5z',
  handin: 'M3 13h5l1.5 3h5L16 13h5v5.5H3zM12 4v7m-3-3 3 3 3-3',
  handout: 'M3 13h5l1.5 3h5L16 13h5v5.5H3zM12 11V4M9 7l3-3 3 3',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  text: 'M6 3h8l5 5v13H6zM14 3v5h5M9 12h7M9 15h7M9 18h4',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15.5 9.5h.01',
  sound: 'M9 18V6l10-2v12M9 18a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 16a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z',
  film: 'M4 5h16v14H4zM8 5v14M16 5v14M4 9.5h4M4 14.5h4M16 9.5h4M16 14.5h4',
  table: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 5v14',
  slides: 'M4 4h16v11H4zM12 15v3M8 21l4-3 4 3',
  archive: 'M4 8h16v12H4zM3 4h18v4H3zM10 12h4',
  mine: 'M4 20a8 6 0 0 1 16 0zM12 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8z',
  spaces: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2',
  star: 'm12 3 2.7 5.8 6.3.8-4.6 4.4 1.2 6.3L12 17.2 6.4 20.3l1.2-6.3L3 9.6l6.3-.8z',
  shared: 'M17 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM6 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM17 21a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM8.3 10.8l6.4-3.9M8.3 13.2l6.4 3.9',
  bin: 'M4 6.5h16M9 6.5V4h6v2.5M6 6.5 7 21h10l1-14.5M10 10.5v6.5M14 10.5v6.5',
  bell: 'M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7M12 17h.01',
  send: 'M12 20V5M6 11l6-6 6 6',
  class: 'm2 9 10-5 10 5-10 5zM6 11.5V17c3.5 2.5 8.5 2.5 12 0v-5.5',
  group: 'M2 20a6.5 5.5 0 0 1 13 0zM8.5 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM17 20h5a5.5 5 0 0 0-6-5M15 4.5a3.5 3.5 0 0 1 0 6.5',
  library: 'M4 4h4v16H4zM10 4h4v16h-4zM16 5l4-1 3 15-4 1z',
  staff: 'M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10h2a2.5 2.5 0 0 1 0 5h-2M8 3v3M12 3v3',
  jobs: 'M4 6h3v3H4zM10 7.5h10M4 12h3v3H4zM10 13.5h10M4 18h3v3H4zM10 19.5h10',
  lock: 'M5 11h14v10H5zM8 11V8a4 4 0 0 1 8 0v3M12 15v2',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21',
  menu: 'M4 6.5h16M4 12h16M4 17.5h16',
} as const

export type IconName = keyof typeof paths

/** A picture beside a word, which says the same: it is hidden from those who hear the page. */
export function Icon({ name }: { name: IconName }) {
  return <svg className="glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={paths[name]} fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round" /></svg>
}
