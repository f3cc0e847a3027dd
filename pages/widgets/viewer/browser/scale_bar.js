// A scale bar whose length is a round number of nm, or of px where the size of a pixel is unknown.
import { length, roundBelow } from "./numbers.js"

const SHARE = 0.3

/** Draw into `element`, for a field in which one px is `zoom` screen px and `nm` wide. */
export function drawScaleBar(element, width, zoom, nm) {
  const unit = nm || 1
  const round = roundBelow((Math.min(width, 480) * SHARE * unit) / zoom)
  element.style.setProperty("--length", `${(round / unit) * zoom}px`)
  element.textContent = length(round / unit, nm)
}
