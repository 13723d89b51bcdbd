// Building elements. Text only ever becomes text nodes, so nothing a person or a bot writes can become markup.

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((each) => each !== null && each !== undefined && each !== false));
  return node;
}

export const $ = (id) => document.getElementById(id);

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** Redraw what changed and leave the rest alone: a playing video plays on, and the focus stays where it is. */
export function reconcile(parent, items, { key, draw }) {
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const told = JSON.stringify(item);
    let node = before.get(name);
    before.delete(name);
    if (node && node.told !== told) {
      const focused = node.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
      const fresh = drawn(draw, item, name, told);
      if (node === place) place = fresh;
      node.replaceWith(fresh);
      if (focused !== undefined) (fresh.querySelector(`[data-focus="${CSS.escape(focused)}"]`) ?? parent).focus();
      node = fresh;
    }
    node ??= drawn(draw, item, name, told);
    if (node === place) place = place.nextElementSibling;
    else parent.insertBefore(node, place);
  }
  for (const gone of before.values()) gone.remove();
}

function drawn(draw, item, name, told) {
  const node = draw(item);
  node.dataset.key = name;
  node.told = told;
  return node;
}

let toastTimer;
export function toast(text) {
  const box = $("toast");
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 6000);
}
