// Colour tables: grey through a display window, blue-white-red for differences, an overlay in orange, and classes.
// Pixels are written as 32-bit words, red in the lowest byte.

const word = (red, green, blue, alpha = 255) => ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0

/** Grey: black at window.lo, white at window.hi. `window` is an object that others change. */
export function grey(image, window) {
  const table = new Uint32Array(image.bytes === 1 ? 256 : 65536)
  let painted = ""
  return (pixels, codes) => {
    const present = `${window.lo} ${window.hi}`
    if (present !== painted) {
      painted = present
      const scale = 255 / Math.max(window.hi - window.lo, Number.EPSILON)
      for (let code = 0; code < table.length; code++) {
        const shade = Math.round(Math.min(255, Math.max(0, (image.value(code) - window.lo) * scale)))
        table[code] = word(shade, shade, shade)
      }
    }
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[codes[i]]
  }
}

// ColorBrewer RdBu, reversed: blue below, white at 0, red above; even in lightness on both sides.
const DIVERGING = [
  [5, 48, 97], [33, 102, 172], [67, 147, 195], [146, 197, 222], [209, 229, 240], [247, 247, 247],
  [253, 219, 199], [244, 165, 130], [214, 96, 77], [178, 24, 43], [103, 0, 31],
] // prettier-ignore

/** Colour of a share from 0 (lowest) over 0.5 (no difference) to 1. */
function divergingColour(share) {
  const place = share * (DIVERGING.length - 1)
  const below = Math.min(Math.floor(place), DIVERGING.length - 2)
  return DIVERGING[below].map((from, i) => Math.round(from + (place - below) * (DIVERGING[below + 1][i] - from)))
}

const STEPS = 1023
const DIVERGING_TABLE = Uint32Array.from({ length: STEPS }, (_, i) => word(...divergingColour(i / (STEPS - 1))))

/** CSS gradient of the same colours. */
export const divergingGradient = `linear-gradient(90deg, ${DIVERGING.map((one) => `rgb(${one.join(",")})`).join(", ")})`

/** First image minus the second, from -range.most to +range.most. */
export function difference(first, second, range) {
  return (pixels, codes, others) => {
    const middle = (STEPS - 1) / 2
    const scale = middle / Math.max(range.most, Number.EPSILON)
    const lo = first.code.lo - second.code.lo
    for (let i = 0; i < pixels.length; i++) {
      const value = lo + first.code.step * codes[i] - second.code.step * others[i]
      pixels[i] = DIVERGING_TABLE[Math.round(Math.min(STEPS - 1, Math.max(0, middle + value * scale)))]
    }
  }
}

/** Orange that hides more the larger a value is, wholly from `full` on. */
export function orange(image, full) {
  const table = Uint32Array.from({ length: image.bytes === 1 ? 256 : 65536 }, (_, code) =>
    word(255, 120, 0, Math.round(255 * Math.min(1, Math.max(0, image.value(code) / full)))),
  )
  return (pixels, codes) => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[codes[i]]
  }
}

/** A colour of its own for each class, as `#rrggbb`; with `bare`, class 0 leaves the picture below as it is. */
export function classes(colours, bare) {
  const table = Uint32Array.from(colours, (colour, index) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16))
    return bare && index === 0 ? 0 : word(red, green, blue)
  })
  return (pixels, codes) => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = table[codes[i]] ?? 0
  }
}
