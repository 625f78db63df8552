const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

// To make a formatter takes twenty times as long as to use it, and each row of a list has a size.
const formats = new Map<string, Intl.NumberFormat>()

/** A size as people read it: decimal, with at most one digit after the point. Without a locale it is that of the browser. */
export function sizeText(bytes: number, locale?: string): string {
  let n = Math.max(0, bytes)
  let unit = 0
  while (n >= 999.5 && unit < units.length - 1) { n /= 1000; unit++ }
  const digits = unit > 0 && n < 9.95 ? 1 : 0
  const key = `${locale} ${unit} ${digits}`
  let format = formats.get(key)
  if (!format) formats.set(key, format = new Intl.NumberFormat(locale, { style: 'unit', unit: units[unit], unitDisplay: unit === 0 ? 'long' : 'short', maximumFractionDigits: digits }))
  return format.format(n)
}
