// Says the time and the temperature under the pointer. The server drew the curve; nothing is fetched here.

const SVG = "http://www.w3.org/2000/svg";
const BEIJING_MS = 8 * 3600 * 1000;

function shape(name, kind, parent) {
  const element = document.createElementNS(SVG, name);
  element.setAttribute("class", kind);
  element.setAttribute("visibility", "hidden");
  parent.append(element);
  return element;
}

export function read(figure) {
  const svg = figure.querySelector("svg");
  const told = figure.querySelector("output");
  figure.parentElement.scrollLeft = figure.parentElement.scrollWidth; // Where it is narrow, now comes first.
  const edge = Object.fromEntries(Object.entries(svg.dataset).map(([name, value]) => [name, Number(value)]));
  const points = [...svg.querySelectorAll("polyline")].flatMap((line) => [...line.points].map(({ x, y }) => ({ x, y })));
  points.sort((one, other) => one.x - other.x);
  if (points.length === 0) return;
  const cursor = shape("path", "cursor", svg);
  const spot = shape("circle", "spot", svg);
  spot.setAttribute("r", "4");

  function show(point) {
    const share = (point.x - edge.left) / (edge.right - edge.left);
    const at = new Date((edge.begin + share * (edge.end - edge.begin)) * 1000 + BEIJING_MS);
    const celsius = edge.lowest + ((edge.bottom - point.y) / (edge.bottom - edge.top)) * (edge.highest - edge.lowest);
    told.textContent = `${at.toISOString().slice(5, 16).replace("T", " ")}   ${celsius.toFixed(1).replace("-", "−")} °C`;
    cursor.setAttribute("d", `M${point.x} ${edge.top}V${edge.bottom}`);
    spot.setAttribute("cx", point.x);
    spot.setAttribute("cy", point.y);
    for (const element of [cursor, spot]) element.setAttribute("visibility", "visible");
  }

  function hide() {
    told.textContent = "";
    for (const element of [cursor, spot]) element.setAttribute("visibility", "hidden");
  }

  svg.addEventListener("pointermove", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    show(points.reduce((best, point) => (Math.abs(point.x - place.x) < Math.abs(best.x - place.x) ? point : best)));
  });
  svg.addEventListener("pointerleave", hide);
}

for (const figure of document.querySelectorAll("[data-curve]")) read(figure);
document.addEventListener("refreshed", (event) => {
  for (const figure of event.target.querySelectorAll("[data-curve]")) read(figure);
});
