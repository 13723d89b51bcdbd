// The page: one socket in, whole screens out of it, and what hands do sent back through named doors.
import { drawBench, workBench } from "./bench.js";
import { $, h, reconcile, toast } from "./dom.js";
import { Forms } from "./forms.js";
import { avatar, drawMessage, filmOf } from "./messages.js";
import { channelName, nameOf } from "./words.js";

const NEAR_END_PX = 140;
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const narrow = matchMedia("(max-width: 1000px)");
const state = { me: sessionStorage.getItem("me") ?? "", place: sessionStorage.getItem("place") ?? "", thread: null, told: null, seen: new Map(), read: new Map(), prompt: 0, filled: false };
const waiting = new Map();
let socket, count = 0, retryMs = 250;

function connect() {
  socket = new WebSocket(`ws://${location.host}/ws?as=${encodeURIComponent(state.me)}`);
  socket.addEventListener("open", () => { retryMs = 250; document.body.classList.remove("away"); });
  socket.addEventListener("message", (event) => receive(JSON.parse(event.data)));
  socket.addEventListener("close", () => {
    document.body.classList.add("away");
    for (const answer of waiting.values()) answer({ error: "The demo has stopped." });
    waiting.clear();
    setTimeout(connect, retryMs);
    retryMs = Math.min(retryMs * 2, 4000);
  });
}

function door(name, args = {}) {
  if (socket.readyState !== WebSocket.OPEN) return Promise.resolve({ error: "The demo has stopped." });
  const id = ++count;
  socket.send(JSON.stringify({ id, door: name, args }));
  return new Promise((resolve) => waiting.set(id, (answer) => {
    if (answer.error) toast(answer.error);
    resolve(answer);
  }));
}

function receive(told) {
  if (told.type === "answer") { waiting.get(told.id)?.(told); waiting.delete(told.id); return; }
  const other = state.told?.screen.user.id !== told.screen.user.id;
  state.told = told;
  state.me = told.screen.user.name;
  sessionStorage.setItem("me", state.me);
  if (other) { state.seen.clear(); state.thread = null; }
  draw(other);
}

const screen = () => state.told.screen;
function here() {
  const offered = screen().channels;
  return offered.find((each) => each.id === state.place) ?? offered.find((each) => each.name === "videos") ?? offered[0];
}

/** What came into other channels since this person last looked there. */
function unread(channel) {
  const key = `${screen().user.id}/${channel.id}`;
  const newest = channel.messages.at(-1)?.ts ?? "0";
  if (channel.id === here().id || !state.read.has(key)) state.read.set(key, newest);
  return channel.messages.filter((each) => each.ts > state.read.get(key) && each.user !== screen().user.id).length;
}

function draw(fresh) {
  const channel = here();
  drawSide(channel);
  drawBar(channel);
  drawList($("messages"), channel.messages.filter((each) => !each.thread_ts || each.thread_ts === each.ts), { inThread: false, fresh });
  $("empty").hidden = channel.messages.length > 0;
  $("empty").textContent = channel.name === "videos" ? "The command is typed already. Press Enter." : "Nothing here yet.";
  announce(channel);
  drawThread(channel, fresh);
  drawBench(state.told, breakIt);
  forms.show(screen());
  offer(channel);
}

function drawSide(channel) {
  const place = (each) => h("li", {}, h("button", {
    type: "button", "aria-current": each.id === channel.id ? "page" : null, "data-focus": each.id, onclick: () => go(each.id),
  }, each.is_im ? avatar(each.members.find((one) => one !== screen().user.id), channelName(each.id, screen()), screen()) : h("span", { class: "sign", "aria-hidden": "true" }, each.is_private ? "◆" : "#"),
  h("span", {}, channelName(each.id, screen())), each.is_private && !each.is_im && h("span", { class: "unseen" }, " (private)"), each.is_archived && h("small", {}, "archived"), each.unread > 0 && h("small", { class: "unread" }, each.unread, h("span", { class: "unseen" }, " new"))));
  const all = screen().channels.map((each) => ({ ...each, messages: undefined, now: each.id === channel.id, unread: unread(each) }));
  reconcile($("channels"), all.filter((each) => !each.is_im), { key: (each) => each.id, draw: place });
  reconcile($("directs"), all.filter((each) => each.is_im), { key: (each) => each.id, draw: place });
  const people = screen().users.filter((each) => !each.is_bot).map((each) => ({ ...each, now: each.id === screen().user.id }));
  const choice = (each) => h("label", { class: "person" },
    h("input", { type: "radio", name: "me", value: each.name, checked: each.now, "data-focus": each.id, onchange: () => door("be", { user: each.name }) }),
    avatar(each.id, each.real_name, screen()), h("span", {}, each.real_name, each.is_admin && h("small", {}, "admin")));
  let box = $("people").querySelector("div");
  if (!box) $("people").append(box = h("div"));
  reconcile(box, people, { key: (each) => each.id, draw: choice });
}

function drawBar(channel) {
  const name = channelName(channel.id, screen());
  const sign = channel.is_im ? "" : "#";
  const bots = channel.members.includes(screen().app.user);
  $("room-name").textContent = `${sign}${name}`;
  $("room-about").textContent = channel.is_archived ? "Archived" : channel.is_im ? "Direct messages" : `${channel.members.length} members${bots ? "" : " · the bot is not here"}`;
  $("messages").setAttribute("aria-label", `Messages in ${sign}${name}`);
  $("words-label").textContent = `Message ${sign}${name}`;
  $("words").placeholder = `Message ${sign}${name}`;
  const global = state.told.shortcuts.filter((each) => each.type === "global");
  reconcile($("shortcuts"), global, { key: (each) => each.id, draw: (each) => h("button", { type: "button", class: "button", onclick: () => door("shortcut", { callback: each.id }) }, each.name) });
}

const hands = {
  click: (message, told, block) => door("click", { channel: message.channel, ts: message.ts, action: told.action_id, value: told.value ?? null, block: block.block_id }),
  choose: (message, told, block, value) => door("click", { channel: message.channel, ts: message.ts, action: told.action_id, value, block: block.block_id }),
  shortcuts: () => state.told.shortcuts.filter((each) => each.type === "message"),
  shortcut: (message, callback) => door("shortcut", { callback, channel: message.channel, ts: message.ts }),
  openThread(message, focus) {
    state.thread = { ts: message.ts };
    $("replies").isReadingBack = false;
    draw(false);
    (focus ? $("thread-words") : $("thread-close")).focus();
  },
};

function drawList(list, messages, { inThread, fresh }) {
  if (fresh) list.isReadingBack = false;
  reconcile(list, messages, { key: (each) => each.ts, draw: (each) => drawMessage(each, screen(), hands, { inThread }) });
  toEnd(list);
}

/** Keep the newest in sight, also when a picture arrives late or the field grows, unless its reader scrolled up. */
function toEnd(list) {
  if (!list.isReadingBack) list.scrollTop = list.scrollHeight;
}

function keepAtEnd(list) {
  list.addEventListener("scroll", () => { list.isReadingBack = list.scrollHeight - list.scrollTop - list.clientHeight > NEAR_END_PX; });
  for (const arrived of ["load", "loadedmetadata"]) list.addEventListener(arrived, () => toEnd(list), true);
  new ResizeObserver(() => toEnd(list)).observe(list);
}

function drawThread(channel, fresh) {
  const parent = state.thread && channel.messages.find((each) => each.ts === state.thread.ts);
  $("app").classList.toggle("with-thread", Boolean(parent));
  $("thread").hidden = !parent;
  if (!parent) { $("replies").replaceChildren(); return; }
  $("thread-about").textContent = `#${channelName(channel.id, screen())}`;
  const all = channel.messages.filter((each) => each.ts === parent.ts || each.thread_ts === parent.ts);
  drawList($("replies"), all.map((each) => ({ ...each, reply_count: 0, latest_reply: undefined })), { inThread: true, fresh });
}

/** Say new words aloud once: a card that is redrawn each second speaks only when its sentence changes. */
function announce(channel) {
  const first = state.seen.size === 0;
  for (const each of channel.messages) {
    if (state.seen.get(each.ts) === each.text) continue;
    const isNew = !state.seen.has(each.ts);
    state.seen.set(each.ts, each.text);
    if (first) continue;
    if (each.user !== screen().user.id) $("live").replaceChildren(h("p", {}, `${nameOf(each.user, screen())}: ${each.text || filmOf(each)?.title || ""}`));
    if (isNew && filmOf(each) && each.thread_ts) premiere(each);
  }
  if (first) state.seen.set("", "");
}

/** A video has come: beside the channel where there is room, and playing silently where motion is welcome. */
function premiere(message) {
  if (narrow.matches) return;
  state.thread = { ts: message.thread_ts };
  $("replies").isReadingBack = false;
  requestAnimationFrame(() => {
    const film = $("replies").querySelector(`li[data-key="${message.ts}"] video`);
    toEnd($("replies"));
    if (!film || calm.matches) return;
    film.muted = true;
    film.play().catch(() => {});
  });
}

async function breakIt(service, position) {
  await door("switch", { service, position });
  if (position === "normal" || $("words").value || here().name !== "videos") return;
  state.prompt += 1;
  propose();
}

/** The first command is typed already, once; after it the field belongs to the person. */
function offer(channel) {
  if (state.filled || channel.name !== "videos") return;
  state.filled = true;
  if (channel.messages.length) return;
  propose();
  if (!forms.view) $("words").focus();
}

function propose() {
  const { prompts, command } = state.told;
  $("words").value = `${command} ${prompts[state.prompt % prompts.length]}`;
  grow($("words"));
}

function go(id) {
  state.place = id;
  sessionStorage.setItem("place", id);
  state.thread = null;
  state.seen.clear();
  menu(false);
  $("messages").replaceChildren();
  draw(true);
  $("words").focus();
}

function menu(open) {
  document.body.classList.toggle("menu-open", open);
  $("menu").setAttribute("aria-expanded", String(open));
  if (open) $("side").querySelector("[aria-current]")?.focus();
}

async function send(field, thread) {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  grow(field);
  const [, name, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const place = { channel: here().id, thread };
  const answer = name ? await door("command", { ...place, name, text: rest }) : await door("say", { ...place, text });
  if (answer.error && !field.value) { field.value = text; grow(field); }
  $("messages").isReadingBack = false;
  toEnd($("messages"));
}

async function upload(file) {
  const answer = await fetch(`/upload?${new URLSearchParams({ as: state.me, name: file.name })}`, { method: "POST", body: file });
  if (!answer.ok) { toast(await answer.text()); return null; }
  return (await answer.json()).id;
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
}

const forms = new Forms(door, upload);
workBench(() => door("mend"));
keepAtEnd($("messages"));
keepAtEnd($("replies"));
for (const [form, field, thread] of [["composer", "words", () => null], ["thread-composer", "thread-words", () => state.thread?.ts ?? null]]) {
  $(form).addEventListener("submit", (event) => { event.preventDefault(); send($(field), thread()); });
  $(field).addEventListener("input", () => grow($(field)));
  $(field).addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $(form).requestSubmit();
  });
}
$("attach").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  const id = file && await upload(file);
  if (id) door("say", { channel: here().id, thread: null, text: "", files: [id] });
});
$("menu").addEventListener("click", () => menu(!document.body.classList.contains("menu-open")));
function closeThread() {
  const opener = state.thread?.ts;
  state.thread = null;
  draw(false);
  ($("messages").querySelector(`li[data-key="${opener}"] .replies`) ?? $("words")).focus();
}
$("thread-close").addEventListener("click", closeThread);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const open = document.querySelector("details[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
  else if (document.body.classList.contains("menu-open")) { menu(false); $("menu").focus(); }
  else if (state.thread) closeThread();
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
  if (document.body.classList.contains("menu-open") && !event.target.closest("#side, #menu")) menu(false);
});
connect();
