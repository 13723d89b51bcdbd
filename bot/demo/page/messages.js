// One message as a list item: who, when, what, its files, its thread.
import { h, icon } from "./dom.js";
import { drawBlocks, fileUrl } from "./blocks.js";
import { mrkdwn, nameOf } from "./words.js";

const REPLY = "M4 5h12v8H9l-4 3v-3H4z";
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

/** `hands`: click, choose, openThread, shortcut; `inThread`: whether the list is the thread's. */
export function drawMessage(message, screen, hands, { inThread }) {
  const bot = message.user === screen.app.user;
  const name = nameOf(message.user, screen);
  const when = new Date(Number(message.ts) * 1000);
  const own = { click: (told, block) => hands.click(message, told, block), choose: (told, block, value) => hands.choose(message, told, block, value) };
  const body = message.blocks?.length ? drawBlocks(message.blocks, screen, own) : h("div", { class: "b-text", dir: "auto" }, mrkdwn(message.text, screen));
  return h("li", { class: `message${message.is_ephemeral ? " private" : ""}${bot ? " from-bot" : ""}` },
    avatar(message.user, name, screen),
    h("article", { "aria-label": `${name}, ${clock.format(when)}` },
      message.is_ephemeral && h("p", { class: "only-you" }, "Only visible to you"),
      h("p", { class: "by" }, h("strong", {}, name), bot && h("span", { class: "tag" }, "app"),
        h("time", { datetime: when.toISOString() }, clock.format(when))),
      h("div", { class: bot ? "body card" : "body" }, body),
      (message.files ?? []).map((file) => drawFile(file, message, screen)),
      !inThread && message.reply_count && h("button", {
        type: "button", class: "replies", "data-focus": "thread", onclick: () => hands.openThread(message),
      }, icon(REPLY), message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`)),
    !message.is_ephemeral && tools(message, screen, hands, inThread));
}

export function avatar(id, name, screen) {
  if (id === screen.app.user) return h("img", { class: "face", src: "/page/mark.svg", alt: "" });
  const place = Math.max(0, screen.users.findIndex((each) => each.id === id)) % 3;
  return h("span", { class: `face tone-${place}`, "aria-hidden": "true" }, name.slice(0, 1));
}

function tools(message, screen, hands, inThread) {
  const offered = hands.shortcuts();
  return h("div", { class: "tools" },
    !inThread && h("button", { type: "button", class: "icon", "aria-label": "Reply in a thread", title: "Reply in a thread", "data-focus": "reply", onclick: () => hands.openThread(message, true) }, icon(REPLY)),
    offered.length && h("details", { class: "overflow" },
      h("summary", { class: "icon", "aria-label": "More for this message", title: "More" }, "⋯"),
      offered.map((each) => h("button", { type: "button", onclick: (event) => { event.target.closest("details").open = false; hands.shortcut(message, each.id); } }, each.name))));
}

function drawFile(file, message, screen) {
  if (file.mode === "tombstone") return h("p", { class: "gone" }, "This file was deleted.");
  const name = file.title || file.name;
  if (file.mimetype?.startsWith("video/")) {
    const video = h("video", { controls: true, playsinline: true, preload: "metadata", src: fileUrl(file.id), poster: posterOf(message, screen), "aria-label": file.alt_txt || name });
    return h("figure", { class: "film" }, video, h("figcaption", {}, h("span", { class: "file-name" }, file.name), h("a", { href: fileUrl(file.id), download: file.name }, "Download")));
  }
  if (file.mimetype?.startsWith("image/")) return h("figure", { class: "b-picture" }, h("img", { src: fileUrl(file.id), alt: file.alt_txt || name }));
  return h("p", {}, h("a", { href: fileUrl(file.id), download: file.name }, file.name));
}

/** The card above the thread shows a frame of the video: the same picture before it plays. */
function posterOf(message, screen) {
  const channel = screen.channels.find((each) => each.id === message.channel);
  const card = channel?.messages.find((each) => each.ts === message.thread_ts);
  const id = card?.blocks?.find((each) => each.type === "image")?.slack_file?.id;
  return id && fileUrl(id);
}

export const filmOf = (message) => message.files?.find((each) => each.mimetype?.startsWith("video/") && each.mode !== "tombstone");
