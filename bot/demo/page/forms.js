// Forms (modals): fields, errors at the field, redraws that keep what was typed. <dialog> holds the focus inside.
import { $, h, toast } from "./dom.js";
import { drawBlocks, element } from "./blocks.js";
import { offeredBy, options, wordOf } from "./selects.js";
import { words } from "./words.js";

const CROSS = "Close this form";
const SHORT = 24;

/** A list of the browser's own has one line an option: a short description (a price) fits behind the name. */
function named(option) {
  const more = option.description?.text ?? "";
  return more && more.length <= SHORT ? `${option.text.text} · ${more}` : option.text.text;
}

export class Forms {
  /** `door(name, args)` reaches the workspace; `upload(file)` answers with a file's id. */
  constructor(door, upload) {
    this.door = door;
    this.upload = upload;
    this.view = null;
    this.typed = new Map();
    this.fields = new Map();
    this.frame = null;
    this.dialog = $("modal");
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.close(); });
  }

  show(screen) {
    this.screen = screen;
    const view = screen.views.at(-1) ?? null;
    if (!view) {
      if (this.dialog.open) this.dialog.close();
      this.view = null;
      this.typed.clear();
      this.fields.clear();
      return;
    }
    const told = JSON.stringify([view.hash, view.errors, view.id]);
    if (told === this.told && this.view) return;
    const opened = this.view?.id !== view.id;
    if (opened) { this.typed.clear(); this.fields.clear(); }
    const focus = this.focused();
    const isNewlyWrong = Object.keys(view.errors).some((each) => opened || !(each in this.view.errors));
    const scrolled = focus?.name === "submit" || opened ? 0 : this.frame.middle.scrollTop;
    this.told = told;
    this.view = view;
    this.draw();
    this.frame.middle.scrollTop = scrolled;
    if (!this.dialog.open) this.dialog.showModal();
    this.restore(focus, { opened, isNewlyWrong });
  }

  draw() {
    const { view } = this;
    const kept = new Map();
    const body = view.blocks.flatMap((block) => {
      const drawn = block.type === "input" ? [this.input(block, kept)] : drawBlocks([block], this.screen, this.hands());
      return drawn;
    });
    this.fields = kept;
    const trouble = view.errors[""];
    if (this.frame?.id !== view.id) this.build(view);
    const { title, submit, close, middle } = this.frame;
    title.textContent = view.title.text;
    submit.hidden = !view.submit;
    if (view.submit && submit.textContent !== view.submit.text) submit.textContent = view.submit.text;
    close.textContent = view.close?.text ?? "Cancel";
    middle.replaceChildren(...[trouble && h("p", { class: "error", role: "alert" }, trouble), ...body].filter(Boolean));
  }

  /** The frame stays while its form is redrawn: a button that were replaced between press and release loses the click. */
  build(view) {
    const title = h("h2", { id: "modal-title", tabindex: "-1" });
    const submit = h("button", { type: "submit", class: "button primary", "data-focus": "submit" });
    const close = h("button", { type: "button", class: "button", "data-focus": "close", onclick: () => this.close() });
    const middle = h("div", { class: "modal-body" });
    this.frame = { id: view.id, title, submit, close, middle };
    this.dialog.replaceChildren(h("form", { novalidate: true, onsubmit: (event) => this.submit(event, submit) },
      h("header", {}, title,
        h("button", { type: "button", class: "icon", "aria-label": CROSS, "data-focus": "cross", onclick: () => this.close(true) }, "✕")),
      middle, h("footer", {}, close, submit)));
  }

  hands() {
    const where = this.view.id;
    return {
      click: (told, block) => this.door("click", { view: where, action: told.action_id, value: told.value ?? null, block: block.block_id }),
      choose: (told, block, value) => this.fill(told, block, value),
    };
  }

  input(block, kept) {
    const told = block.element;
    const name = `${block.block_id}/${told.action_id}`;
    const error = this.view.errors[block.block_id];
    const id = `f-${block.block_id}`;
    const group = ["checkboxes", "radio_buttons"].includes(told.type) || told.type.startsWith("multi_");
    const before = this.fields.get(name);
    const shape = JSON.stringify(told);
    const field = before?.shape === shape ? before.field : this.field(told, block, name, id);
    kept.set(name, { shape, field });
    const target = group ? field : field.querySelector?.("input,select,textarea") ?? field;
    const help = [error && `${id}-e`, block.hint && `${id}-h`].filter(Boolean).join(" ");
    for (const [key, value] of [["aria-invalid", error ? "true" : null], ["aria-describedby", help || null], ["aria-required", !block.optional && !group ? "true" : null]]) {
      if (value) target.setAttribute(key, value); else target.removeAttribute(key);
    }
    const label = [block.label.text, block.optional && h("small", {}, " optional")];
    return h("div", { class: `field${error ? " wrong" : ""}` },
      group ? h("span", { class: "label", id: `${id}-l` }, label) : h("label", { class: "label", for: id }, label),
      field,
      error && h("p", { class: "error", id: `${id}-e`, role: "alert" }, error),
      block.hint && h("p", { class: "help", id: `${id}-h` }, words(block.hint, this.screen)));
  }

  /** What stands in a field: what this person typed last, else what the workspace holds. */
  standing(block, told) {
    const typed = this.typed.get(`${block.block_id}/${told.action_id}`);
    return typed ?? this.view.state.values[block.block_id]?.[told.action_id] ?? {};
  }

  field(told, block, name, id) {
    const entry = this.standing(block, told);
    switch (told.type) {
      case "plain_text_input": case "number_input": case "email_text_input": case "url_text_input":
        return this.text(told, block, name, id, entry);
      case "static_select": {
        const chosen = entry.selected_option?.value ?? "";
        return h("div", { class: "pick" }, h("select", { id, "data-focus": name, onchange: (event) => this.fill(told, block, event.target.value || null, { selected_option: { value: event.target.value } }) },
          !chosen && h("option", { value: "" }, told.placeholder?.text ?? "Choose"),
          options(told).map((each) => h("option", { value: each.value, selected: each.value === chosen },
            named(each)))));
      }
      case "conversations_select": case "channels_select": case "users_select": {
        const key = wordOf(told);
        const chosen = entry[key] ?? "";
        return h("div", { class: "pick" }, h("select", { id, "data-focus": name, onchange: (event) => this.fill(told, block, event.target.value || null, { [key]: event.target.value }) },
          !chosen && h("option", { value: "" }, told.placeholder?.text ?? "Choose"),
          offeredBy(told, this.screen).map((each) => h("option", { value: each.value, selected: each.value === chosen }, each.name))));
      }
      case "multi_static_select": case "multi_conversations_select": case "multi_channels_select": case "multi_users_select":
        return this.several(told, block, name, id, entry);
      case "checkboxes": case "radio_buttons": return this.ticks(told, block, name, id, entry);
      case "file_input": return this.file(told, block, name, id, entry);
      default: return element(told, block, this.hands(), this.screen);
    }
  }

  text(told, block, name, id, entry) {
    const send = (event) => this.fill(told, block, event.target.value || null, { value: event.target.value });
    const kind = { number_input: "number", email_text_input: "email", url_text_input: "url" }[told.type] ?? "text";
    const common = {
      id, "data-focus": name, placeholder: told.placeholder?.text, autofocus: told.focus_on_load,
      dir: told.type === "plain_text_input" ? "auto" : null, [block.dispatch_action ? "onchange" : "oninput"]: send,
    };
    const field = told.multiline ? h("textarea", { ...common, rows: "4" }) : h("input", { ...common, type: kind, inputmode: kind === "number" ? "numeric" : null });
    field.value = entry.value ?? "";
    return field;
  }

  ticks(told, block, name, id, entry) {
    const many = told.type === "checkboxes";
    const chosen = new Set(many ? (entry.selected_options ?? []).map((each) => each.value) : [entry.selected_option?.value]);
    const box = h("div", { class: "ticks", role: many ? "group" : "radiogroup", "aria-labelledby": `${id}-l` });
    const send = () => {
      const ticked = [...box.querySelectorAll("input:checked")].map((each) => ({ value: each.value }));
      const value = many ? ticked.map((each) => each.value) : ticked[0]?.value ?? null;
      this.fill(told, block, value, many ? { selected_options: ticked } : { selected_option: ticked[0] });
    };
    box.append(...options(told).map((each) => h("label", { class: "tick" },
      h("input", { type: many ? "checkbox" : "radio", name: id, value: each.value, checked: chosen.has(each.value), "data-focus": `${name}/${each.value}`, onchange: send }),
      h("span", {}, words(each.text, this.screen), each.description && h("small", {}, words(each.description, this.screen))))));
    return box;
  }

  /** Several of a list: each a tick of its own, which also works on a phone and by keyboard. */
  several(told, block, name, id, entry) {
    const key = wordOf(told);
    const ids = (entry[key] ?? []).map((each) => each.value ?? each);
    const box = h("div", { class: "chips", role: "group", "aria-labelledby": `${id}-l` });
    const send = () => {
      const ticked = [...box.querySelectorAll("input:checked")].map((each) => each.value);
      const isFull = ticked.length >= (told.max_selected_items ?? Infinity);
      for (const each of box.querySelectorAll("input")) each.disabled = isFull && !each.checked;
      this.fill(told, block, ticked, { [key]: told.type === "multi_static_select" ? ticked.map((value) => ({ value })) : ticked });
    };
    box.append(...offeredBy(told, this.screen).map((each) => h("label", { class: "chip" },
      h("input", { type: "checkbox", value: each.value, checked: ids.includes(each.value), "data-focus": `${name}/${each.value}`, onchange: send }),
      h("span", {}, each.name))));
    return box;
  }

  file(told, block, name, id, entry) {
    const note = h("span", { class: "chosen" }, entry.files?.[0]?.name ?? "No picture chosen");
    return h("div", { class: "file" },
      h("input", {
        type: "file", id, "data-focus": name, class: "unseen", accept: (told.filetypes ?? []).map((each) => `.${each}`).join(","),
        onchange: async (event) => {
          const [chosen] = event.target.files;
          note.textContent = chosen ? chosen.name : "No picture chosen";
          const sent = chosen ? await this.upload(chosen) : null;
          await this.fill(told, block, sent ? [sent] : [], { files: chosen ? [{ name: chosen.name }] : [] });
        },
      }),
      h("label", { class: "button", for: id, "aria-hidden": "true" }, "Choose a picture"), note);
  }

  fill(told, block, value, standing) {
    if (standing) this.typed.set(`${block.block_id}/${told.action_id}`, standing);
    return this.door("fill", { view: this.view.id, action: told.action_id, block: block.block_id, value });
  }

  async submit(event, button) {
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    const answer = await this.door("submit", { view: this.view.id });
    button.removeAttribute("aria-busy");
    if (answer.wrong) this.dialog.querySelector("[aria-invalid=true]")?.focus();
  }

  async close(all = false) {
    const answer = await this.door("close", { view: this.view?.id ?? null, all });
    if (answer.error) toast(answer.error);
  }

  focused() {
    const now = document.activeElement;
    if (!this.dialog.contains(now)) return null;
    return { name: now.dataset.focus, from: now.selectionStart, to: now.selectionEnd };
  }

  /** A new complaint takes the focus to its field; any other redraw leaves it where the person is. */
  restore(focus, { opened, isNewlyWrong }) {
    const wrong = isNewlyWrong ? this.dialog.querySelector("[aria-invalid=true]") : null;
    const before = focus?.name && this.dialog.querySelector(`[data-focus="${CSS.escape(focus.name)}"]`);
    const first = this.dialog.querySelector("[autofocus]") ?? this.dialog.querySelector(".modal-body input, .modal-body textarea, .modal-body select");
    const target = opened ? first : wrong ?? before ?? first;
    (target ?? this.dialog.querySelector("h2")).focus();
    if (target === before && before?.setSelectionRange && focus.from !== null && before.type !== "number") before.setSelectionRange(focus.from, focus.to);
  }
}
