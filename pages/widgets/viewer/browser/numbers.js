// How numbers are written and axes divided.

/** A number with about four digits, as people write it. */
export function written(value) {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2)
  const digits = Math.min(20, Math.max(0, 3 - Math.floor(Math.log10(size || 1))))
  return value.toLocaleString("en", { maximumFractionDigits: digits })
}

/** The largest of 1, 2, 5 x 10^n that is not above a number. */
export function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value))
  const share = value / power
  return (share >= 5 ? 5 : share >= 2 ? 2 : 1) * power
}

/** A length: in nm, µm or mm where the size of a pixel is known (`nm` per px), else in px. */
export function length(px, nm) {
  if (!nm) return `${written(px)} px`
  const size = px * nm
  if (size >= 1e6) return `${written(size / 1e6)} mm`
  return size >= 1e3 ? `${written(size / 1e3)} µm` : `${written(size)} nm`
}

/** Round values from lo to hi, about `count`. */
export function ticks(lo, hi, count) {
  const step = roundBelow(Math.max((hi - lo) / Math.max(count, 1), Number.MIN_VALUE) * 1.5)
  const found = []
  for (let at = Math.ceil(lo / step) * step; at <= hi + step * 1e-9; at += step) found.push(Math.abs(at) < step / 1e6 ? 0 : at)
  return found
}
