// Block Kit as people see it. `hands` is what their clicks do: {click(element, block), choose(element, block, value)}.
import { $, h } from "./dom.js";
import { isList, offeredBy, options } from "./selects.js";
import { richText, words } from "./words.js";

export const fileUrl = (id) => `/files/${encodeURIComponent(id)}`;

export function drawBlocks(blocks, screen, hands) {
  return blocks.map((block) => drawBlock(block, screen, hands)).filter(Boolean);
}

function drawBlock(block, screen, hands) {
  switch (block.type) {
    case "section": return section(block, screen, hands);
    case "header": return h("h3", { class: "b-header" }, words(block.text, screen));
    case "divider": return h("hr");
    case "context": return h("div", { class: "b-context" }, block.elements.map((each) => (
      each.type === "image" ? h("img", { src: pictureUrl(each), alt: each.alt_text, class: "tiny" }) : h("span", {}, words(each, screen)))));
    case "rich_text": return h("div", { class: "b-rich", dir: "auto" }, richText(block.elements, screen));
    case "image": return picture(block, screen);
    case "actions": return block.elements.length ? h("div", { class: "b-actions" }, block.elements.map((each) => element(each, block, hands, screen))) : null;
    default: return null;
  }
}

function section(block, screen, hands) {
  const parts = [];
  if (block.text) parts.push(h("div", { class: "b-text", dir: "auto" }, words(block.text, screen)));
  if (block.fields) parts.push(h("div", { class: "b-fields" }, block.fields.map((each) => h("div", {}, words(each, screen)))));
  const side = block.accessory && (block.accessory.type === "image"
    ? h("img", { class: "b-thumb", src: pictureUrl(block.accessory), alt: block.accessory.alt_text })
    : element(block.accessory, block, hands, screen));
  return h("div", { class: "b-section" }, h("div", {}, parts), side);
}

function picture(block, screen) {
  return h("figure", { class: "b-picture" },
    block.title && h("figcaption", {}, words(block.title, screen)),
    h("img", { src: pictureUrl(block), alt: block.alt_text }));
}

/** Pictures come from this machine: a file of the workspace, by id or by its private address. */
function pictureUrl(image) {
  if (image.slack_file?.id) return fileUrl(image.slack_file.id);
  const private_ = /\/files-pri\/[^/]*-([A-Z0-9]+)\//.exec(image.slack_file?.url ?? image.image_url ?? "");
  return private_ ? fileUrl(private_[1]) : "";
}

export function element(told, block, hands, screen) {
  if (told.type === "button") return button(told, block, hands);
  if (isList(told) && !told.type.startsWith("multi_")) {
    const first = told.initial_option?.value ?? told.initial_conversation ?? told.initial_channel ?? told.initial_user;
    return h("select", {
      "aria-label": told.placeholder?.text ?? "Choose", "data-focus": told.action_id, class: "list",
      onchange: (event) => event.target.value && hands.choose(told, block, event.target.value),
    }, h("option", { value: "" }, told.placeholder?.text ?? "Choose"), offeredBy(told, screen).map((each) => (
      h("option", { value: each.value, selected: each.value === first }, each.name))));
  }
  if (told.type === "overflow") {
    return h("details", { class: "overflow" }, h("summary", { "aria-label": "More", class: "icon" }, "⋯"),
      options(told).map((each) => h("button", { type: "button", onclick: () => hands.choose(told, block, each.value) }, each.text.text)));
  }
  return told.text ? h("span", {}, words(told.text, screen)) : h("span", { class: "gone" }, `This page does not draw ${told.type}.`);
}

function button(told, block, hands) {
  return h("button", {
    type: "button", class: `button ${told.style ?? ""}`, "aria-label": told.accessibility_label,
    "data-focus": `${told.action_id}/${told.value ?? ""}`, title: told.accessibility_label,
    onclick: async (event) => {
      const node = event.currentTarget;
      if (told.confirm && !(await confirmed(told.confirm))) return;
      if (told.url) window.open(told.url, "_blank", "noopener");
      node.setAttribute("aria-busy", "true");
      await hands.click(told, block);
      node.removeAttribute("aria-busy");
    },
  }, told.text.text);
}

/** Ask before the click counts. Escape means no; the focus begins on the answer that does nothing. */
export function confirmed(told) {
  const dialog = $("confirm");
  const deny = h("button", { type: "button", class: "button", onclick: () => dialog.close("no") }, told.deny.text);
  dialog.replaceChildren(
    h("h2", { id: "confirm-title" }, told.title.text),
    h("p", { id: "confirm-text" }, words(told.text, { users: [], channels: [] })),
    h("footer", {}, deny, h("button", {
      type: "button", class: `button ${told.style ?? "primary"}`, onclick: () => dialog.close("yes"),
    }, told.confirm.text)));
  dialog.returnValue = "no";
  dialog.showModal();
  deny.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
